//! The county's tree of regions: which grids there are, and the names around each.

use std::collections::BTreeMap;

use wangge_core::model::Scope;

/// One region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its name.
    pub name: String,
    /// Code of its level.
    pub level: String,
    /// Code of the one above; empty for the county.
    pub parent: String,
}

/// Regions by code.
#[derive(Clone, Debug, Default)]
pub struct Regions(pub BTreeMap<String, Region>);

impl Regions {
    /// Whether records may lie in it.
    pub fn is_grid(&self, scope: &Scope) -> bool {
        self.0.get(&scope.0).is_some_and(|region| region.level == "grid")
    }
    /// How many grids there are.
    pub fn grids(&self) -> usize {
        self.0.values().filter(|region| region.level == "grid").count()
    }
    /// Names of the regions around a grid, the largest first: what an address may repeat in front.
    pub fn outer_names(&self, grid: &Scope) -> Vec<String> {
        let mut names = Vec::new();
        let mut code = &grid.0;
        while let Some(region) = self.0.get(code).filter(|_| names.len() < 8) {
            names.push(region.name.clone());
            code = &region.parent;
        }
        names.reverse();
        names
    }
}
