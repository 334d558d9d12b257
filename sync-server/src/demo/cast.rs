//! Who takes part: nine workers, a grid head of two grids, and a part-time worker who holds no names.

use wangge_core::model::{Millis, Role, Scope, UserId};

use crate::{County, CountyError};

/// In this county an account bears its owner's name, so that a sentence about who said what reads as people speak.
const WORKERS: [&str; 9] = ["李娜", "王强", "张敏", "刘洋", "陈杰", "杨帆", "赵磊", "黄婷", "周斌"];

/// One person and where they work.
#[derive(Clone, Debug)]
pub struct Member {
    /// Account name.
    pub id: UserId,
    /// Name on screens.
    pub name: &'static str,
    /// Role.
    pub role: Role,
    /// Grids.
    pub scopes: Vec<Scope>,
}

/// Makes accounts and assignments for the county's grids.
pub fn hire(county: &County, now: Millis) -> Result<Vec<Member>, CountyError> {
    let grids: Vec<Scope> = county.regions()?.into_iter().map(|(code, _)| code).filter(|c| c.0.len() == 15).collect();
    let [first, second, ..] = grids.as_slice() else {
        return Err(CountyError::invalid("样例台账里没有网格", "the ledgers name no grids"));
    };
    let mut cast: Vec<Member> = WORKERS
        .iter()
        .zip(&grids)
        .map(|(name, grid)| Member { id: UserId::from(*name), name, role: Role::GW, scopes: vec![grid.clone()] })
        .collect();
    let both = vec![first.clone(), second.clone()];
    cast.push(Member { id: UserId::from("何军"), name: "何军", role: Role::GL, scopes: both });
    cast.push(Member { id: UserId::from("孙丽"), name: "孙丽", role: Role::PG, scopes: vec![first.clone()] });
    for member in &cast {
        county.add_user(&member.id, member.name, now)?;
        for scope in &member.scopes {
            county.assign(&member.id, member.role, scope, now)?;
        }
    }
    Ok(cast)
}

/// Chance that can be repeated: SplitMix64 (Steele, Lea, Flood 2014).
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The same seed gives the same demo.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
    /// Any order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}
