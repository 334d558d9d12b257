//! Rows of the other files: regions, buildings, places, hazards.

use wangge_core::model::{Address, Crs, Field, Millis, Point, Scope, Value, geo, text};

use super::{
    clean::Puts,
    homes::Homes,
    map::{Holds, POINT_CRS, Target},
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
        Holds::Hazards => "event",
        Holds::Residents => return,
    };
    let mut puts = cells(planner, spec, &place, kind, line);
    if entry.holds == Holds::Hazards {
        puts.push(("type".to_owned(), "hazard".into()));
    }
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
        Holds::Hazards => thing_at(planner, from, ("event", "place_text"), puts, homes),
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
    let value = |key: &str| puts.iter().find(|(k, _)| k == key).map(|(_, value)| value);
    let needed = |f: &Field| f.required || f.required_when.as_ref().is_some_and(|when| when.holds(value(&when.field)));
    fields.iter().find(|f| needed(f) && value(&f.key).is_none()).map(|f| f.key.clone())
}

fn said<'a>(puts: &'a Puts, key: &str) -> &'a str {
    puts.iter().find(|(k, _)| k == key).and_then(|(_, value)| value.text()).unwrap_or_default()
}

/// A position from the columns of its parts, kept in the coordinate system that the ledger says.
fn position(planner: &mut Planner<'_>, spec: usize, place: &Place, kind: &'static str, line: &Line, puts: &mut Puts) {
    let entry = &planner.map.files[spec];
    let part = |key: &str| {
        let at = entry.column(kind, key)?;
        let cell = &line.cells[at];
        (!cell.is_blank()).then(|| (text::compact(&cell.show()), &entry.columns[at]))
    };
    let (Some((lat, _)), Some((lon, _))) = (part("point.lat"), part("point.lon")) else { return };
    let crs = part(POINT_CRS).and_then(|(word, column)| {
        let code = column.words.get(&word).map(String::as_str);
        Crs::of(code.or_else(|| Some(planner.cleaner.schema.lists.get("crs")?.find_word(&word)?.code.as_str()))?)
    });
    let accuracy = part("point.accuracy_m").and_then(|(metres, _)| metres.parse::<f64>().ok());
    let accuracy =
        accuracy.map(|metres| metres.ceil() as u32).filter(|metres| (1..=geo::MAX_ACCURACY).contains(metres));
    let field = format!("{kind}.point");
    let mut problem = |rule, shown: &str, zh: &str, en: &str| {
        planner.cleaner.problems.push(place.problem(&field, rule, shown, zh, en));
    };
    let Some((north, east)) = lat.parse().ok().zip(lon.parse().ok()) else {
        return problem("bad_position", &lat, "经纬度无法识别，未导入", "position not understood, left out");
    };
    let Some(crs) = crs else {
        return problem("no_crs", "", "没有坐标系，经纬度未导入", "no coordinate system, position left out");
    };
    match Point::from_degrees(north, east, crs, accuracy) {
        // What a public map shows is kept as the place itself.
        Some(point) if crs == Crs::Gcj02 => {
            puts.push(("point".to_owned(), point.canonical().to_text().as_str().into()));
        }
        Some(point) => puts.push(("point".to_owned(), point.to_text().as_str().into())),
        None => problem("bad_position", &lat, "经纬度无法识别，未导入", "position not understood, left out"),
    }
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
