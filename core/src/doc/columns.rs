//! The operation columns of a change chunk, for a vocabulary of one operation: put a scalar on a root key.

use super::{
    chunk::{ChunkError, MAX_ROWS, OpName},
    cursor::Cursor,
};
use crate::model::{Actor, Value};

// Column specifications: id << 4 | type. Columns of objects (0x01, 0x02), list elements (0x11, 0x13) and marks (0x94,
// 0xa5) never occur where every operation is a put on a root key.
const KEY: u64 = 0x15;
const INSERT: u64 = 0x34;
const ACTION: u64 = 0x42;
const VALUE_META: u64 = 0x56;
const VALUE: u64 = 0x57;
const PRED_COUNT: u64 = 0x70;
const PRED_ACTOR: u64 = 0x71;
const PRED_COUNTER: u64 = 0x73;
const KNOWN: [u64; 8] = [KEY, INSERT, ACTION, VALUE_META, VALUE, PRED_COUNT, PRED_ACTOR, PRED_COUNTER];

const ACTION_PUT: u64 = 1;

/// The bytes of each column; an absent one is empty.
pub(super) struct Columns<'a> {
    data: [&'a [u8]; KNOWN.len()],
}

impl<'a> Columns<'a> {
    /// Reads the column table and the columns, which must use up the bytes.
    pub fn read(cursor: &mut Cursor<'a>) -> Result<Self, ChunkError> {
        let count = cursor.unsigned()?;
        let mut lengths = [0_usize; KNOWN.len()];
        let mut next = 0;
        for _ in 0..count {
            let spec = cursor.unsigned()?;
            let slot = KNOWN.iter().position(|known| *known == spec).ok_or(ChunkError::Column(spec))?;
            let length = usize::try_from(cursor.unsigned()?).map_err(|_| ChunkError::Truncated)?;
            if slot < next || length == 0 {
                return Err(ChunkError::Column(spec));
            }
            lengths[slot] = length;
            next = slot + 1;
        }
        let mut data: [&[u8]; KNOWN.len()] = [&[]; KNOWN.len()];
        for (slot, length) in data.iter_mut().zip(lengths) {
            *slot = cursor.take(length)?;
        }
        if cursor.left() == 0 { Ok(Self { data }) } else { Err(ChunkError::Trailing) }
    }

    fn get(&self, spec: u64) -> &'a [u8] {
        KNOWN.iter().position(|known| *known == spec).map_or(&[], |slot| self.data[slot])
    }
}

type Ops = (Vec<(String, Value)>, Vec<Vec<OpName>>);

/// Reads the puts and their predecessors. `actors` is the author and then the others.
pub(super) fn read_ops(columns: &Columns<'_>, actors: &[Actor], start_op: u64) -> Result<Ops, ChunkError> {
    let actions = runs(columns.get(ACTION), Cursor::unsigned)?;
    if actions.iter().any(|action| *action != ACTION_PUT) {
        return Err(ChunkError::Action);
    }
    let rows = actions.len();
    check_no_insert(columns.get(INSERT), rows)?;
    let keys = runs(columns.get(KEY), text)?;
    let values = read_values(columns.get(VALUE_META), columns.get(VALUE))?;
    let counts = runs(columns.get(PRED_COUNT), Cursor::unsigned)?;
    if keys.len() != rows || values.len() != rows || counts.len() != rows {
        return Err(ChunkError::Runs);
    }
    let preds = read_preds(columns, &counts, actors, start_op)?;
    Ok((keys.into_iter().map(str::to_owned).zip(values).collect(), preds))
}

/// Run-length decoding of a column without gaps, which accepts only the encoding that the library itself writes:
/// equal neighbours in one run, all others in one literal stretch between runs.
fn runs<'a, T, F>(column: &'a [u8], mut read: F) -> Result<Vec<T>, ChunkError>
where
    T: Clone + PartialEq,
    F: FnMut(&mut Cursor<'a>) -> Result<T, ChunkError>,
{
    let mut cursor = Cursor::new(column);
    let mut out: Vec<T> = Vec::new();
    let mut literal_before = false;
    while cursor.left() > 0 {
        let head = cursor.signed()?;
        let count = head.unsigned_abs();
        // A head of zero would be a run of gaps, and a run of one is not how the library writes it.
        if head == 0 || head == 1 || count + out.len() as u64 > MAX_ROWS {
            return Err(ChunkError::Runs);
        }
        if head > 0 {
            let value = read(&mut cursor)?;
            if out.last() == Some(&value) {
                return Err(ChunkError::Runs);
            }
            out.extend(std::iter::repeat_n(value, count as usize));
        } else {
            if literal_before {
                return Err(ChunkError::Runs);
            }
            for _ in 0..count {
                let value = read(&mut cursor)?;
                if out.last() == Some(&value) {
                    return Err(ChunkError::Runs);
                }
                out.push(value);
            }
        }
        literal_before = head < 0;
    }
    Ok(out)
}

/// The insert column must say `false` for each row: one count.
fn check_no_insert(column: &[u8], rows: usize) -> Result<(), ChunkError> {
    if rows == 0 && column.is_empty() {
        return Ok(());
    }
    let mut cursor = Cursor::new(column);
    let falses = cursor.unsigned()?;
    if cursor.left() > 0 {
        return Err(ChunkError::Action);
    }
    if rows > 0 && falses == rows as u64 { Ok(()) } else { Err(ChunkError::Runs) }
}

fn text<'a>(cursor: &mut Cursor<'a>) -> Result<&'a str, ChunkError> {
    let length = usize::try_from(cursor.unsigned()?).map_err(|_| ChunkError::Truncated)?;
    std::str::from_utf8(cursor.take(length)?).map_err(|_| ChunkError::Key)
}

fn read_values(meta: &[u8], raw: &[u8]) -> Result<Vec<Value>, ChunkError> {
    let mut cursor = Cursor::new(raw);
    let values = runs(meta, Cursor::unsigned)?
        .into_iter()
        .map(|meta| {
            let length = usize::try_from(meta >> 4).map_err(|_| ChunkError::Truncated)?;
            read_value(meta & 0xf, cursor.take(length)?)
        })
        .collect::<Result<_, _>>()?;
    if cursor.left() == 0 { Ok(values) } else { Err(ChunkError::Trailing) }
}

fn read_value(code: u64, bytes: &[u8]) -> Result<Value, ChunkError> {
    match (code, bytes) {
        (0, []) => Ok(Value::Null),
        (1, []) => Ok(Value::Bool(false)),
        (2, []) => Ok(Value::Bool(true)),
        (4, bytes) => {
            let mut cursor = Cursor::new(bytes);
            let number = cursor.signed()?;
            if cursor.left() == 0 { Ok(Value::Int(number)) } else { Err(ChunkError::Number) }
        }
        (6, bytes) => {
            std::str::from_utf8(bytes).map(|text| Value::Text(text.to_owned())).map_err(|_| ChunkError::Value)
        }
        (7, bytes) => Ok(Value::Bytes(bytes.to_vec())),
        _ => Err(ChunkError::Value),
    }
}

/// Predecessors of each row: in order, older than the row, of named actors, and every other actor named for a reason.
fn read_preds(
    columns: &Columns<'_>,
    counts: &[u64],
    actors: &[Actor],
    start_op: u64,
) -> Result<Vec<Vec<OpName>>, ChunkError> {
    let mut indexes = runs(columns.get(PRED_ACTOR), Cursor::unsigned)?.into_iter();
    let mut deltas = runs(columns.get(PRED_COUNTER), Cursor::signed)?.into_iter();
    let mut counter = 0_i64;
    let mut used = vec![false; actors.len()];
    let mut preds = Vec::with_capacity(counts.len());
    for (row, count) in counts.iter().enumerate() {
        let mut of_row: Vec<OpName> = Vec::new();
        for _ in 0..*count {
            let (Some(index), Some(delta)) = (indexes.next(), deltas.next()) else { return Err(ChunkError::Runs) };
            counter = counter.checked_add(delta).ok_or(ChunkError::Number)?;
            let index = usize::try_from(index).map_err(|_| ChunkError::Preds)?;
            let actor = *actors.get(index).ok_or(ChunkError::Preds)?;
            let name = OpName { counter: u64::try_from(counter).map_err(|_| ChunkError::Preds)?, actor };
            let own_number = start_op + row as u64;
            if name.counter == 0 || name.counter >= own_number || of_row.last().is_some_and(|last| *last >= name) {
                return Err(ChunkError::Preds);
            }
            used[index] = true;
            of_row.push(name);
        }
        preds.push(of_row);
    }
    if indexes.next().is_some() || deltas.next().is_some() {
        return Err(ChunkError::Runs);
    }
    if used.iter().skip(1).all(|used| *used) { Ok(preds) } else { Err(ChunkError::OtherActors) }
}
