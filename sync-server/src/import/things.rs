//! Rows of the other files: regions, buildings, places, hazards.

use wangge_core::model::{Address, FieldType, Millis, Scope, Value, text};

use super::{
    clean::Puts,
    geo::{self, Position},
    homes::Homes,
    map::{Holds, Target},
    plan::{Key, Planned, Planner, Row, values},
    readers::Cell,
    regions::Region,
    report::Place,
    table::{Line, Table},
};

/// Plans one row.
pub(super) fn row(planner: &mut Planner<'_>, spec: usize, table: &Table, line: &Line, homes: &mut Homes) {
    let place = Place { file: table.name.clone(), line: line.number };
    if line.header || line.cells.iter().all(Cell::is_blank) {
        return;
    }
    let mut list = |field: &str, rule: &str, value: &str, zh: &str, en: &str| {
        planner.cleaner.problems.push(place.problem(field, rule, value, zh, en));
    };
    if line.shifted {
        return list(
            "row",
            "shifted_row",
            "",
            "该行比表头多出内容，列可能错位，未导入",
            "more cells than headers: the row may be shifted, left out",
        );
    }
    let entry = &planner.map.files[spec];
    let mut grid = Scope::default();
    if let Some(at) = entry.columns.iter().position(|column| column.to == Target::Grid) {
        grid = Scope(text::compact(&line.cells[at].show()));
        if !planner.out.regions.is_grid(&grid) {
            return list(
                "grid",
                "unknown_grid",
                &grid.0,
                "网格编码不在区划表中，该行未导入",
                "no such grid among the regions, row left out",
            );
        }
    }
    let kind = match entry.holds {
        Holds::Regions => "region",
        Holds::Buildings => "building",
        Holds::Places => "place",
        Holds::Hazards => "hazard",
        Holds::Residents => return,
    };
    let mut puts = cells(planner, spec, &place, kind, line);
    position(planner, spec, &place, kind, line, &mut puts);
    if let Some(lack) = lacking(planner, kind, &puts) {
        let (zh, en) = ("缺少必填内容，该行未导入", "lacks what must be there, row left out");
        let field = format!("{kind}.{lack}");
        // Where the cell was there but not understood, that is listed; the row is listed as well, for it is gone.
        planner.cleaner.problems.push(place.problem(&field, "missing_value", "", zh, en));
        return;
    }
    let from = Row { place: &place, spec, scope: &grid };
    match entry.holds {
        Holds::Regions => region(planner, spec, &place, puts),
        Holds::Buildings => building(planner, spec, &place, &grid, puts, homes),
        Holds::Places => thing_at(planner, from, ("place", "address"), puts, homes),
        Holds::Hazards => thing_at(planner, from, ("hazard", "place_text"), puts, homes),
        Holds::Residents => {}
    }
}

fn cells(planner: &mut Planner<'_>, spec: usize, place: &Place, kind: &'static str, line: &Line) -> Puts {
    let mut puts = Puts::new();
    for (column, cell) in planner.map.files[spec].columns.iter().zip(&line.cells) {
        let Target::Field { key, .. } = &column.to else { continue };
        let Some(field) = planner.cleaner.schema.kind(kind).and_then(|k| k.field(key)) else { continue };
        puts.extend(planner.cleaner.field(place, kind, field, column, cell));
    }
    puts
}

/// The first field that must be there and is not.
fn lacking(planner: &Planner<'_>, kind: &str, puts: &Puts) -> Option<String> {
    let fields = &planner.cleaner.schema.kind(kind)?.fields;
    fields.iter().find(|f| f.required && !puts.iter().any(|(key, _)| *key == f.key)).map(|f| f.key.clone())
}

fn said<'a>(puts: &'a Puts, key: &str) -> &'a str {
    puts.iter().find(|(k, _)| k == key).and_then(|(_, value)| value.text()).unwrap_or_default()
}

/// Latitude and longitude as WGS-84. Numbers in GCJ-02 are converted, and `crs` says what the stored numbers are.
fn position(planner: &mut Planner<'_>, spec: usize, place: &Place, kind: &'static str, line: &Line, puts: &mut Puts) {
    let entry = &planner.map.files[spec];
    let degrees = |key: &str| {
        let at = entry.column(kind, key).filter(|_| {
            let field = planner.cleaner.schema.kind(kind).and_then(|k| k.field(key));
            field.is_some_and(|f| f.value_type == FieldType::Degree)
        })?;
        let cell = &line.cells[at];
        (!cell.is_blank()).then(|| text::compact(&cell.show()))
    };
    let crs = said(puts, "crs").to_owned();
    puts.retain(|(key, _)| key != "crs");
    let (Some(lat), Some(lon)) = (degrees("lat"), degrees("lon")) else { return };
    let both = lat.parse().ok().zip(lon.parse().ok()).map(|(lat, lon)| Position { lat, lon });
    let sound = both.filter(|at| at.lat.abs() <= 90.0 && at.lon.abs() <= 180.0);
    let field = format!("{kind}.lat");
    let stored = match (sound, crs.as_str()) {
        (None, _) => {
            let (zh, en) = ("经纬度无法识别，未导入", "position not understood, left out");
            return planner.cleaner.problems.push(place.problem(&field, "bad_position", &lat, zh, en));
        }
        (Some(_), "") => {
            let (zh, en) = ("没有坐标系，经纬度未导入", "no coordinate system, position left out");
            return planner.cleaner.problems.push(place.problem(&field, "no_crs", "", zh, en));
        }
        (Some(at), "gcj02") => (geo::to_wgs84(at), "wgs84"),
        (Some(at), other) => (at, other),
    };
    puts.push(("lat".to_owned(), Value::Int(geo::units(stored.0.lat))));
    puts.push(("lon".to_owned(), Value::Int(geo::units(stored.0.lon))));
    puts.push(("crs".to_owned(), stored.1.into()));
}

fn region(planner: &mut Planner<'_>, spec: usize, place: &Place, puts: Puts) {
    let code = said(&puts, "code").to_owned();
    let region = Region {
        name: said(&puts, "name").to_owned(),
        level: said(&puts, "level").to_owned(),
        parent: said(&puts, "parent").to_owned(),
    };
    let key = Key::from(format!("region|{code}"));
    if planner.out.records.iter().any(|r| r.keys.first().is_some_and(|first| first.as_ref() == Some(&key))) {
        let (zh, en) = ("区划代码重复，后一行未导入", "the code stands above, row left out");
        return planner.cleaner.problems.push(place.problem("region.code", "repeated_code", &code, zh, en));
    }
    planner.out.regions.0.insert(code.clone(), region);
    let scope = Scope(code);
    planner.add("region", Row { place, spec, scope: &scope }, vec![Some(key)], values(puts));
}

fn building(planner: &mut Planner<'_>, spec: usize, place: &Place, grid: &Scope, mut puts: Puts, homes: &mut Homes) {
    let said_address = said(&puts, "std_address").to_owned();
    let outer = planner.out.regions.outer_names(grid);
    let outer: Vec<&str> = outer.iter().map(String::as_str).collect();
    let key = match Address::parse_within(&said_address, &outer) {
        Some(address) => Address { unit: None, room: None, ..address }.building_key(&grid.0),
        None => format!("{grid}|{}|", text::compact(&said_address)),
    };
    if !homes.register(grid, &key, planner.out.records.len()) {
        let (zh, en) = ("楼栋台账中已有这栋楼，后一行未导入", "the building stands above, row left out");
        return planner.cleaner.problems.push(place.problem(
            "building.std_address",
            "repeated_building",
            &said_address,
            zh,
            en,
        ));
    }
    puts.push(("address_key".to_owned(), key.as_str().into()));
    planner.out.report.buildings += 1;
    planner.add(
        "building",
        Row { place, spec, scope: grid },
        vec![Some(Key::from(format!("building|{key}")))],
        values(puts),
    );
}

/// A place or a hazard, tied to a building where its text names one that is known.
fn thing_at(planner: &mut Planner<'_>, from: Row<'_>, (kind, at): (&'static str, &str), puts: Puts, homes: &Homes) {
    let grid = from.scope;
    let outer = planner.out.regions.outer_names(grid);
    let outer: Vec<&str> = outer.iter().map(String::as_str).collect();
    let address = Address::parse_within(said(&puts, at), &outer);
    let building = address.and_then(|address| homes.building(&address.building_key(&grid.0)));
    let found = puts.iter().find(|(key, _)| key == "found_at").map(|(_, value)| value.clone());
    let key = |parts: &[&str]| Some(Key::from(format!("{kind}|{grid}|{}", parts.join("|"))));
    let report = &mut planner.out.report;
    let keys = if kind == "place" {
        report.places += 1;
        let (name, address) = (said(&puts, "name"), said(&puts, "address"));
        vec![key(&[name, address]), key(&[name]), key(&[address, said(&puts, "kind")])]
    } else {
        report.hazards += 1;
        let (where_, what) = (said(&puts, "place_text"), said(&puts, "category"));
        let when = found.as_ref().map(Value::to_string).unwrap_or_default();
        vec![key(&[where_, what, &when]), key(&[where_, &when])]
    };
    let mut fields = values(puts);
    if let Some(building) = building {
        fields.push(("building".to_owned(), Planned::Record(building)));
    }
    let number = planner.add(kind, from, keys, fields);
    // A hazard was seen when it was found, not when the list was drawn up.
    if let Some(Value::Int(ms)) = found {
        planner.out.records[number].observed = Some(Millis(ms));
    }
}
