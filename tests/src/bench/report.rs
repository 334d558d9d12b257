//! Figures as a table and as JSON, each beside its floor and its budget.

use std::path::Path;

use serde::Serialize;

use super::BenchError;

/// One figure.
#[derive(Clone, Debug, Serialize)]
pub struct Measure {
    /// Short name, stable.
    pub name: &'static str,
    /// What was done.
    pub zh: &'static str,
    /// The same in English.
    pub en: &'static str,
    /// The figure.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
    /// What the same costs at least, measured in this run.
    pub floor: Option<f64>,
    /// What that floor is.
    pub floor_is: Option<&'static str>,
    /// How many times the floor; of speeds, how many times slower.
    pub ratio: Option<f64>,
    /// Most that DESIGN 11 allows, in the unit.
    pub budget: Option<f64>,
    /// Most that DESIGN 11 allows, in times the floor.
    pub budget_ratio: Option<f64>,
    /// Whether it keeps to its budgets; none where there is none.
    pub within: Option<bool>,
}

impl Measure {
    /// A figure by itself.
    pub fn new(name: &'static str, (zh, en): (&'static str, &'static str), value: f64, unit: &'static str) -> Self {
        Self {
            name,
            zh,
            en,
            value,
            unit,
            floor: None,
            floor_is: None,
            ratio: None,
            budget: None,
            budget_ratio: None,
            within: None,
        }
    }
    /// Beside a floor that is better when smaller.
    pub fn beside(mut self, floor: f64, floor_is: &'static str) -> Self {
        (self.floor, self.floor_is, self.ratio) = (Some(floor), Some(floor_is), Some(self.value / floor));
        self
    }
    /// Beside a speed that is better when larger.
    pub fn beside_speed(mut self, floor: f64, floor_is: &'static str) -> Self {
        (self.floor, self.floor_is, self.ratio) = (Some(floor), Some(floor_is), Some(floor / self.value));
        self
    }
    /// At most so much.
    pub fn at_most(mut self, budget: f64) -> Self {
        self.budget = Some(budget);
        self.judge();
        self
    }
    /// At most so many times the floor.
    pub fn at_most_times(mut self, budget: f64) -> Self {
        self.budget_ratio = Some(budget);
        self.judge();
        self
    }
    fn judge(&mut self) {
        let plain = self.budget.is_none_or(|budget| self.value <= budget);
        let times = self.budget_ratio.is_none_or(|budget| self.ratio.is_some_and(|ratio| ratio <= budget));
        self.within = Some(plain && times);
    }

    fn line(&self) -> String {
        let floor = self.floor.map_or_else(String::new, number);
        let ratio = self.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}×"));
        let budget = [
            self.budget.map(|budget| format!("≤ {}", number(budget))),
            self.budget_ratio.map(|times| format!("≤ {times}×")),
        ];
        let budget: Vec<_> = budget.into_iter().flatten().collect();
        let mark = self.within.map_or("", |within| if within { "✓" } else { "✗" });
        format!(
            "| {} / {} | {} {} | {floor} | {ratio} | {} | {mark} |",
            self.zh,
            self.en,
            number(self.value),
            self.unit,
            budget.join(", ")
        )
    }
}

fn number(value: f64) -> String {
    if value >= 100.0 || value.fract() == 0.0 {
        let whole = format!("{value:.0}");
        let mut out = String::new();
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) {
                out.push(',');
            }
            out.push(digit);
        }
        return out;
    }
    if value >= 1.0 { format!("{value:.2}") } else { format!("{value:.3}") }
}

/// All figures of a run.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Processors of the machine.
    pub cpus: usize,
    /// Whether it was an optimised build; figures of others mean nothing.
    pub release: bool,
    /// Records of the run.
    pub records: usize,
    /// The figures.
    pub measures: Vec<Measure>,
    /// Members of the JSON records that no field holds, with how often they said something.
    pub dropped: std::collections::BTreeMap<String, u64>,
}

impl Report {
    /// The table as Markdown.
    pub fn table(&self) -> String {
        let mut lines = vec![
            "| 项目 / work | 结果 / figure | 对照 / floor | 倍数 / ratio | 预算 / budget | |".to_owned(),
            "|---|---|---|---|---|---|".to_owned(),
        ];
        lines.extend(self.measures.iter().map(Measure::line));
        let floors: std::collections::BTreeSet<_> = self.measures.iter().filter_map(|m| m.floor_is).collect();
        lines.push(String::new());
        lines.extend(floors.iter().map(|floor| format!("- 对照 / floor: {floor}")));
        if !self.dropped.is_empty() {
            let dropped: Vec<_> = self.dropped.iter().map(|(member, times)| format!("{member} {times}")).collect();
            lines.push(format!("- 未带上的 / not carried: {}", dropped.join(", ")));
        }
        lines.join("\n")
    }
    /// Writes the JSON file.
    pub fn write(&self, path: &Path) -> Result<(), BenchError> {
        let text = serde_json::to_string_pretty(self).map_err(|e| BenchError::new("json", e))?;
        std::fs::write(path, text + "\n").map_err(|e| BenchError::new(&path.display().to_string(), e))
    }
}

/// The middle one of some figures; the mean of the two middle ones.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

/// The figure that 95 of 100 do not exceed.
pub fn p95(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get((values.len() * 95).div_ceil(100).saturating_sub(1)).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn middles_and_ends() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(vec![4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
        assert!((p95((1..=100).map(f64::from).collect()) - 95.0).abs() < 1e-9);
        assert!((p95((1..=20).map(f64::from).collect()) - 19.0).abs() < 1e-9);
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!(
            [number(1_234_567.0), number(12.0), number(3.456), number(0.0123)],
            ["1,234,567", "12", "3.46", "0.012"]
        );
    }

    #[test]
    fn a_budget_is_kept_or_not() {
        let measure = Measure::new("x", ("甲", "a"), 3.0, "s").beside(2.0, "floor");
        assert_eq!(measure.clone().at_most(3.0).at_most_times(1.5).within, Some(true));
        assert_eq!(measure.clone().at_most(2.9).within, Some(false));
        assert_eq!(measure.clone().at_most(3.0).at_most_times(1.4).within, Some(false));
        assert_eq!(measure.within, None);
        let speed = Measure::new("x", ("甲", "a"), 500.0, "/s").beside_speed(1_000.0, "floor");
        assert_eq!(speed.ratio, Some(2.0));
        assert!(measure.at_most(2.9).line().ends_with("| ≤ 2.90 | ✗ |"));
    }
}
