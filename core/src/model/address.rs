//! Door keys: two spellings of one door give the same key, and what is not understood gives none (DOMAIN 3.7).
//!
//! `解放街2号楼3单元102室`, `解放街２幢3单元1层02户`, `解放街2#-3-102` are one door. Nothing is guessed: an address
//! that allows two readings is left to a person.

use super::text::{self, chinese_number, numeral};

/// An address taken apart. Numbers are plain Arabic numbers without leading zeros, letters upper case.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// What stands before the numbers of the building: street, village, compound, group.
    pub street: String,
    /// Number of the building (号楼, 幢, 栋, 座).
    pub building: Option<String>,
    /// Number of a house on a street or in a village (号); never beside `building`.
    pub house: Option<String>,
    /// Number of the staircase (单元).
    pub unit: Option<String>,
    /// Number of the room, with its floor (`301`), or floor and side (`3东`).
    pub room: Option<String>,
}

impl Address {
    /// Takes an address apart; `None` where it names no building and no house, or could be read in two ways.
    pub fn parse(address: &str) -> Option<Self> {
        if address.len() > 512 {
            return None;
        }
        let parts = split(&arabic(&simplify(address)));
        (0..parts.numbers.len())
            .find_map(|from| Some(Self { street: parts.street(from)?, ..read_door(&parts.numbers[from..])? }))
    }

    /// As [`Address::parse`], after removing the names of the county, town or village that an address repeats in front.
    pub fn parse_within(address: &str, outer: &[&str]) -> Option<Self> {
        let mut rest = text::compact(address);
        for name in outer.iter().filter(|name| !name.is_empty()) {
            if let Some(shorter) = rest.strip_prefix(name).filter(|shorter| !shorter.is_empty()) {
                rest = shorter.to_owned();
            }
        }
        Self::parse(&rest)
    }

    /// Whether it names one door, and not only a building.
    pub fn is_door(&self) -> bool {
        self.room.is_some() || (self.house.is_some() && self.unit.is_none())
    }

    /// The key of the door inside a grid or village, `None` where only a building is named.
    pub fn door_key(&self, scope: &str) -> Option<String> {
        self.is_door().then(|| {
            let unit = self.unit.as_deref().unwrap_or_default();
            format!("{}|{unit}|{}", self.building_key(scope), self.room.as_deref().unwrap_or_default())
        })
    }

    /// The key of the building or house inside a grid or village.
    pub fn building_key(&self, scope: &str) -> String {
        let number = match (&self.building, &self.house) {
            (Some(number), _) => number.clone(),
            (None, Some(house)) => format!("h{house}"),
            (None, None) => String::new(),
        };
        format!("{scope}|{}|{number}", self.street)
    }

    /// The building in its usual spelling: `解放街2号楼`, or `赵桥村12号` for a house.
    pub fn building_name(&self) -> String {
        match (&self.building, &self.house) {
            (Some(number), _) => format!("{}{number}号楼", self.street),
            (None, Some(house)) => format!("{}{house}号", self.street),
            (None, None) => self.street.clone(),
        }
    }

    /// The door in its usual spelling, without the building: `3单元102室`; empty for a whole house.
    pub fn door_name(&self) -> String {
        let unit = self.unit.as_ref().map(|unit| format!("{unit}单元")).unwrap_or_default();
        let room = match self.room.as_deref() {
            Some(room) => match room.strip_suffix(SIDES) {
                Some(floor) => format!("{floor}楼{}户", &room[floor.len()..]),
                None => format!("{room}室"),
            },
            None => String::new(),
        };
        unit + &room
    }
}

/// Half-width, one kind of dash, no spaces, no remarks in brackets, no punctuation.
fn simplify(address: &str) -> String {
    let mut depth = 0_u32;
    let mut out = String::new();
    for c in text::half_width(address).chars() {
        match c {
            '(' | '[' | '【' | '〔' => depth += 1,
            ')' | ']' | '】' | '〕' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            '-' | '–' | '—' | '―' | '－' | '‐' | '~' | '_' | '/' | '\\' => out.push('-'),
            ' ' | ',' | '.' | '，' | '。' | '、' | ';' | ':' | '"' | '\'' | '“' | '”' => {}
            _ => out.extend(c.to_uppercase()),
        }
    }
    out
}

/// Words that make a Chinese numeral before them a number.
const COUNTED: [&str; 17] =
    ["号", "幢", "栋", "座", "单元", "门", "梯", "层", "楼", "室", "户", "房", "组", "队", "期", "区", "社"];

/// Chinese numerals that stand before a counted word become Arabic, and `第` before a number goes: 第三单元 → 3单元.
/// Numerals inside names (五一路, 三里屯) stay.
fn arabic(plain: &str) -> String {
    let chars: Vec<char> = plain.chars().collect();
    let mut out = String::with_capacity(plain.len());
    let mut i = 0;
    while i < chars.len() {
        let run = chars[i..].iter().take_while(|c| numeral(**c).is_some()).count();
        let rest: String = chars[i + run..].iter().take(2).collect();
        let counted = run > 0 && COUNTED.iter().any(|word| rest.starts_with(word));
        let number = if counted { chinese_number(&chars[i..i + run]).map(|n| n.to_string()) } else { None };
        let end = i + run.max(1);
        let piece = number.unwrap_or_else(|| chars[i..end].iter().collect());
        if piece.starts_with(|c: char| c.is_ascii_digit()) && out.ends_with('第') {
            out.pop();
        }
        out.push_str(&piece);
        i = end;
    }
    out
}

/// Text, then numbers each with the word behind it.
struct Parts {
    lead: String,
    numbers: Vec<(String, String)>,
}

impl Parts {
    /// What stands before the number of index `from`; `None` where that already belongs to a door.
    fn street(&self, from: usize) -> Option<String> {
        let mut out = self.lead.clone();
        for (number, word) in &self.numbers[..from] {
            if matches!(mark(word), Some((Mark::Unit | Mark::Floor | Mark::Storey | Mark::Room, _))) {
                return None;
            }
            out.push_str(number);
            out.push_str(word);
        }
        Some(out.trim_matches(['-', '#']).to_owned())
    }
}

fn split(plain: &str) -> Parts {
    let mut parts = Parts { lead: String::new(), numbers: Vec::new() };
    let mut in_number = false;
    for c in plain.chars() {
        let number = c.is_ascii_alphanumeric();
        if number && !in_number {
            parts.numbers.push((String::new(), String::new()));
        }
        in_number = number;
        match parts.numbers.last_mut() {
            Some((digits, _)) if number => digits.push(c),
            Some((_, word)) => word.push(c),
            None => parts.lead.push(c),
        }
    }
    for (digits, _) in &mut parts.numbers {
        let bare = digits.trim_start_matches('0');
        if bare.starts_with(|c: char| c.is_ascii_digit()) {
            *digits = bare.to_owned();
        }
    }
    parts
}

/// What the word behind a number says about the number.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Building,
    /// 号: a house, or a room behind a building.
    House,
    Unit,
    /// 层; 楼 behind a unit.
    Floor,
    /// 楼 where no unit stands before: floor or building.
    Storey,
    Room,
    /// A dash, or nothing.
    Bare,
}

/// Sides that tell the doors of one floor apart.
const SIDES: &[char] = &['东', '西', '南', '北', '中', '左', '右'];

/// The mark, and a side (东户) where the word ends in one.
fn mark(word: &str) -> Option<(Mark, Option<char>)> {
    let word = word.trim_matches('-');
    let sides = ["户", "室", "门", ""].iter().find_map(|end| {
        let body = word.strip_suffix(end)?;
        let side = body.chars().last().filter(|c| SIDES.contains(c))?;
        Some((&body[..body.len() - side.len_utf8()], side))
    });
    let (word, side) = sides.map_or((word, None), |(body, side)| (body, Some(side)));
    let mark = match word {
        "号楼" | "#楼" | "#" | "幢" | "栋" | "座" | "号幢" | "号栋" | "号座" | "幢楼" | "栋楼" => {
            Mark::Building
        }
        "号" => Mark::House,
        "单元" | "门" | "梯" | "号单元" | "单元门" => Mark::Unit,
        "层" => Mark::Floor,
        "楼" => Mark::Storey,
        "室" | "户" | "房" | "号室" | "号房" | "号户" | "房间" => Mark::Room,
        "" => Mark::Bare,
        _ => return None,
    };
    (side.is_none() || matches!(mark, Mark::Floor | Mark::Storey)).then_some((mark, side))
}

/// Reads the numbers of a door from left to right; every one must find its place.
fn read_door(numbers: &[(String, String)]) -> Option<Address> {
    let marks: Vec<_> = numbers.iter().map(|(_, word)| mark(word)).collect::<Option<_>>()?;
    let mut found = Address::default();
    let mut floor: Option<&str> = None;
    for (i, (mark, side)) in marks.iter().copied().enumerate() {
        let number = &numbers[i].0;
        let last = i + 1 == marks.len();
        let first = found == Address::default() && floor.is_none();
        let before_unit = marks.get(i + 1).is_some_and(|(mark, _)| *mark == Mark::Unit);
        match mark {
            Mark::Building if first => found.building = Some(number.clone()),
            Mark::Storey if first && before_unit => found.building = Some(number.clone()),
            Mark::House if first => found.house = Some(number.clone()),
            Mark::Unit if found.unit.is_none() && floor.is_none() => found.unit = Some(number.clone()),
            Mark::Floor | Mark::Storey if !first && floor.is_none() => {
                floor = Some(number);
                found.room = side.map(|side| format!("{number}{side}"));
            }
            Mark::Room | Mark::House if !first && last && found.room.is_none() => {
                found.room = Some(room(floor, number));
            }
            Mark::Bare if found.room.is_none() => return positional(found, floor, &numbers[i..], &marks[i..]),
            _ => return None,
        }
        if found.room.is_some() && !last {
            return None;
        }
    }
    (floor.is_none() || found.room.is_some()).then_some(found)
}

/// `3-2-301` and its shorter forms behind a building, a house or a unit.
fn positional<'a>(
    mut found: Address,
    mut floor: Option<&'a str>,
    numbers: &'a [(String, String)],
    marks: &[(Mark, Option<char>)],
) -> Option<Address> {
    let ((last, _), inner) = marks.split_last()?;
    let dashed = numbers[..inner.len()].iter().all(|(_, word)| word == "-");
    if !dashed || !matches!(last, Mark::Bare | Mark::Room | Mark::House) {
        return None;
    }
    let mut all: Vec<&str> = numbers.iter().map(|(number, _)| number.as_str()).collect();
    let mut part = String::new();
    // 102-1 is a part of room 102, not room 1 of unit 102.
    if let [.., large, small] = all[..]
        && large.len() >= 3
        && small.len() == 1
    {
        all.pop();
        part = format!("-{small}");
    }
    let (number, front) = all.split_last()?;
    let named = found.building.is_some() || found.house.is_some();
    let unit = found.unit.is_some();
    let own = |text: &str| Some(text.to_owned());
    match *front {
        [] if named || unit => {}
        [level] if unit && floor.is_none() => floor = Some(level),
        [staircase] if named && !unit => found.unit = own(staircase),
        [building] if !named && !unit && number.len() >= 3 => found.building = own(building),
        [staircase, level] if named && !unit && floor.is_none() => {
            (found.unit, floor) = (own(staircase), Some(level));
        }
        [building, staircase] if !named && !unit => (found.building, found.unit) = (own(building), own(staircase)),
        [building, staircase, level] if !named && !unit => {
            (found.building, found.unit, floor) = (own(building), own(staircase), Some(level));
        }
        _ => return None,
    }
    found.room = Some(room(floor, number) + &part);
    Some(found)
}

/// Floor and number as one: 3楼301, 3楼01 and 3楼1 are `301`. A number that already holds a floor is what stands on the
/// door, and wins over the floor beside it.
fn room(floor: Option<&str>, number: &str) -> String {
    let digits = number.chars().take_while(char::is_ascii_digit).count();
    match floor {
        Some(floor) if digits <= 2 => format!("{floor}{number:0>width$}", width = number.len() - digits + 2),
        _ => number.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(address: &str) -> Option<String> {
        Address::parse(address).and_then(|a| a.door_key("g"))
    }

    #[test]
    fn spellings_of_one_door_agree() {
        for spelling in [
            "解放街2号楼3单元102室",
            "解放街２号楼３单元１０２室",
            " 解放街 2 号楼 3 单元 102 室 ",
            "解放街2幢3单元102",
            "解放街2栋3单元1层02户",
            "解放街02号楼03单元1楼2号",
            "解放街2#楼3单元102号",
            "解放街2#-3-102",
            "解放街2号楼3-102室",
            "解放街2-3-102",
            "解放街2号楼3-1-102",
            "解放街2-3-1-102",
            "解放街二号楼三单元102室",
            "解放街第2号楼第三单元一〇二室",
            "解放街2楼3单元102",
            "解放街2号楼3门102室（出租）",
            "解放街，2号楼，3单元—102室",
        ] {
            assert_eq!(key(spelling).as_deref(), Some("g|解放街|2|3|102"), "{spelling}");
        }
    }

    #[test]
    fn short_and_rural_forms() {
        for (address, expected) in [
            ("3-2-301", "g||3|2|301"),
            ("3单元2楼301", "g|||3|301"),
            ("3单元3楼1户", "g|||3|301"),
            ("幸福里3-301", "g|幸福里|3||301"),
            ("人民路12号院3号楼2单元101", "g|人民路12号院|3|2|101"),
            ("人民路12号3号楼2单元101", "g|人民路12号|3|2|101"),
            ("赵桥村三组45号", "g|赵桥村3组|h45||"),
            ("赵桥村12号301室", "g|赵桥村|h12||301"),
            ("五一路2号楼102", "g|五一路|2||102"),
            ("时代新城2期A座1203", "g|时代新城2期|A||1203"),
            ("凤凰小区5幢2单元六楼东户", "g|凤凰小区|5|2|6东"),
            ("解放街2号楼3单元102-1室", "g|解放街|2|3|102-1"),
        ] {
            assert_eq!(key(address).as_deref(), Some(expected), "{address}");
        }
    }

    #[test]
    fn doubt_gives_no_key() {
        for address in [
            "",
            "未知",
            "村东头",
            "解放街",
            "解放街102",
            "解放街12-3",
            "解放街2楼201",
            "解放街102室",
            "2号楼3单元4单元101",
            "-",
            "第",
        ] {
            assert_eq!(key(address), None, "{address}");
        }
        let building = Address::parse("凤凰小区3号楼").expect("a building");
        assert!(!building.is_door());
        assert_eq!(building.building_name(), "凤凰小区3号楼");
    }

    #[test]
    fn different_doors_differ() {
        let doors = [
            "解放街2号楼3单元102室",
            "解放街3号楼2单元102室",
            "解放街2号楼3单元201室",
            "解放街23号楼102室",
            "解放街2号301室",
            "解放街2号楼301室",
        ];
        let keys: std::collections::BTreeSet<_> = doors.iter().map(|d| key(d).expect("a door")).collect();
        assert_eq!(keys.len(), doors.len());
    }

    #[test]
    fn names_of_the_place_around_are_not_part_of_the_door() {
        let outer = ["云溪县", "东街街道", "东街第1社区"];
        let long = Address::parse_within("云溪县 东街街道东街第1社区解放街2号楼3单元102室", &outer).expect("a door");
        assert_eq!(Some(long), Address::parse("解放街2-3-102"));
        assert_eq!(
            Address::parse_within("赵桥村12号", &["赵桥村"]).and_then(|a| a.door_key("g")).as_deref(),
            Some("g||h12||")
        );
    }

    #[test]
    fn the_usual_spelling_reads_back() {
        for address in
            ["解放街2-3-102", "赵桥村三组45号", "凤凰小区5幢2单元六楼东户", "时代新城2期A座1203", "解放街2#3-102-1"]
        {
            let parsed = Address::parse(address).expect("a door");
            let again = Address::parse(&(parsed.building_name() + &parsed.door_name()));
            assert_eq!(again.as_ref(), Some(&parsed), "{address}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "[解放街村一二三十百第号楼单元层室户东幢栋座#A-C0-9（）() -]{0,24}") {
            if let Some(address) = Address::parse(&text) {
                proptest::prop_assert!(address.building_key("g").starts_with("g|"));
            }
        }
    }
}
