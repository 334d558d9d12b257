//! Rows that may be one person. Nothing is merged: every row becomes a record, and each pair waits for a person to judge.

use std::collections::BTreeMap;

use super::ledger::Person;

/// Why two rows may be one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// The same ID number.
    SameId,
    /// Same name, birth date and door; at most one valid ID number between them.
    SameDoor,
    /// Same name, birth date and telephone; at most one valid ID number between them.
    SamePhone,
}

impl Likeness {
    /// Its name for programs.
    pub fn rule(self) -> &'static str {
        ["pair_same_id", "pair_same_door", "pair_same_phone"][self as usize]
    }
    /// Chinese sentence.
    pub fn zh(self) -> &'static str {
        [
            "两条记录身份证号相同，请核实是否同一人",
            "两条记录姓名、出生日期、住址相同，请核实是否同一人",
            "两条记录姓名、出生日期、电话相同，请核实是否同一人",
        ][self as usize]
    }
    /// English sentence.
    pub fn en(self) -> &'static str {
        [
            "two records have one ID number; are they one person?",
            "two records have the same name, birth date and door; are they one person?",
            "two records have the same name, birth date and telephone; are they one person?",
        ][self as usize]
    }
}

/// Two rows, by their numbers among the persons; `first` stands above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The row above.
    pub first: usize,
    /// The row below.
    pub second: usize,
    /// Why.
    pub why: Likeness,
}

/// Pairs, and for each row the first row of its person.
#[derive(Clone, Debug, Default)]
pub struct Pairs {
    /// Each joins one more row to a person, so that rows minus pairs are persons.
    pub list: Vec<Pair>,
    /// Same number: perhaps the same person.
    pub person: Vec<usize>,
}

/// Finds the pairs among the rows of a ledger.
pub fn find(rows: &[Person]) -> Pairs {
    let mut groups = Groups {
        first: (0..rows.len()).collect(),
        valid: rows.iter().map(|row| row.id.as_ref().filter(|id| id.valid).map(|id| id.text.clone())).collect(),
        list: Vec::new(),
    };
    let same_id = |a: &Person, b: &Person| {
        let (Some(x), Some(y)) = (&a.id, &b.id) else { return false };
        // A check digit follows from the others, so that two valid numbers of one beginning are one number. Where a digit
        // was mistyped, name and birth must agree as well.
        (x.valid && y.valid) || (a.name == b.name && (a.birth == b.birth || a.birth.is_none() || b.birth.is_none()))
    };
    groups.join(rows, Likeness::SameId, |row| row.id.as_ref().map(|id| id.body().to_owned()), same_id);
    let named = |row: &Person, rest: Option<String>| {
        Some(format!("{}|{}|{}", row.name, row.birth.as_ref()?, rest.filter(|text| !text.is_empty())?))
    };
    groups.join(rows, Likeness::SameDoor, |row| named(row, Some(row.home.clone())), |_, _| true);
    groups.join(rows, Likeness::SamePhone, |row| named(row, row.phone.clone()), |_, _| true);
    Pairs { person: (0..rows.len()).map(|i| groups.first_of(i)).collect(), list: groups.list }
}

struct Groups {
    first: Vec<usize>,
    /// The valid ID number of a group, kept at its first row.
    valid: Vec<Option<String>>,
    list: Vec<Pair>,
}

impl Groups {
    fn first_of(&self, mut i: usize) -> usize {
        while self.first[i] != i {
            i = self.first[i];
        }
        i
    }

    /// Joins rows of one key, unless two different valid ID numbers would come together: those are two persons.
    fn join(
        &mut self,
        rows: &[Person],
        why: Likeness,
        key: impl Fn(&Person) -> Option<String>,
        alike: impl Fn(&Person, &Person) -> bool,
    ) {
        let mut seen: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (i, row) in rows.iter().enumerate() {
            let Some(key) = key(row) else { continue };
            let above = seen.entry(key).or_default();
            let partner = above.iter().copied().find(|j| alike(&rows[*j], row) && self.may_be_one(*j, i));
            if let Some(j) = partner {
                let (a, b) = (self.first_of(j), self.first_of(i));
                let (a, b) = (a.min(b), a.max(b));
                self.first[b] = a;
                self.valid[a] = self.valid[a].take().or_else(|| self.valid[b].clone());
                self.list.push(Pair { first: j, second: i, why });
            }
            above.push(i);
        }
    }

    fn may_be_one(&self, above: usize, below: usize) -> bool {
        let (above, below) = (self.first_of(above), self.first_of(below));
        let other_id =
            self.valid[above].is_some() && self.valid[below].is_some() && self.valid[above] != self.valid[below];
        above != below && !other_id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::ledger::Id;

    fn row(name: &str, birth: &str, home: &str, id: &str, phone: &str) -> Person {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Person {
            name: name.to_owned(),
            birth: some(birth),
            home: home.to_owned(),
            id: some(id).map(Id::new),
            phone: some(phone),
            ..Person::default()
        }
    }
    fn kinds(rows: &[Person]) -> Vec<(usize, usize, Likeness)> {
        find(rows).list.iter().map(|p| (p.first, p.second, p.why)).collect()
    }

    const ZHANG: &str = "11010519491231002X";
    const LI: &str = "440524188001010014";

    #[test]
    fn the_same_id_pairs_whatever_else_differs() {
        let rows = [row("张三", "1949-12-31", "a", ZHANG, ""), row("张珊", "1950-01-01", "b", ZHANG, "")];
        assert_eq!(kinds(&rows), [(0, 1, Likeness::SameId)]);
    }

    #[test]
    fn a_mistyped_check_digit_pairs_where_name_and_birth_agree() {
        let broken = "110105194912310021";
        let rows = [row("张三", "1949-12-31", "a", broken, ""), row("张三", "1949-12-31", "b", ZHANG, "")];
        assert_eq!(kinds(&rows), [(0, 1, Likeness::SameId)]);
        let rows = [row("张三", "1949-12-31", "a", broken, ""), row("张四", "1949-12-31", "b", ZHANG, "")];
        assert_eq!(kinds(&rows), []);
    }

    #[test]
    fn one_without_id_pairs_at_its_door_or_telephone() {
        let rows = [
            row("张三", "1949-12-31", "a", "", "13800138000"),
            row("张三", "1949-12-31", "a", ZHANG, ""),
            row("张三", "1949-12-31", "b", "", "13800138000"),
            row("张三", "1950-12-31", "a", "", ""),
            row("张三", "", "a", "", ""),
        ];
        assert_eq!(kinds(&rows), [(0, 1, Likeness::SameDoor), (0, 2, Likeness::SamePhone)]);
        assert_eq!(find(&rows).person, [0, 0, 0, 3, 4]);
    }

    #[test]
    fn two_valid_numbers_are_two_persons_even_through_a_third_row() {
        let rows = [
            row("王", "1949-12-31", "a", ZHANG, ""),
            row("王", "1949-12-31", "a", LI, ""),
            row("王", "1949-12-31", "a", "", ""),
        ];
        assert_eq!(kinds(&rows), [(0, 2, Likeness::SameDoor)]);
    }
}
