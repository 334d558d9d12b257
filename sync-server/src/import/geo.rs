//! GCJ-02, the shifted coordinates of public maps in China, to WGS-84. The shift has a published
//! approximation in one direction only; the way back is found by iteration and is exact to centimetres.

/// Semi-major axis and squared eccentricity of the ellipsoid that the approximation uses (Krasovsky 1940).
const AXIS: f64 = 6_378_245.0;
const ECCENTRICITY: f64 = 0.006_693_421_622_965_943;

/// A position in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// Latitude, north positive.
    pub lat: f64,
    /// Longitude, east positive.
    pub lon: f64,
}

/// WGS-84 to GCJ-02; positions outside the rectangle around China are not shifted.
pub fn to_gcj02(at: Position) -> Position {
    if !(72.004..=137.8347).contains(&at.lon) || !(0.8293..=55.8271).contains(&at.lat) {
        return at;
    }
    let pi = std::f64::consts::PI;
    let (x, y) = (at.lon - 105.0, at.lat - 35.0);
    let waves = |z: f64, long: f64, a: f64, b: f64, c: f64, d: f64| {
        (20.0 * (6.0 * x * pi).sin() + 20.0 * (2.0 * x * pi).sin()) * 2.0 / 3.0
            + (20.0 * (z * pi).sin() + 40.0 * (z / 3.0 * pi).sin()) * 2.0 / 3.0
            + (a * (z / b * pi).sin() + c * (z * pi / long).sin()) * 2.0 / d
    };
    let root = x.abs().sqrt();
    let north =
        -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + waves(y, 30.0, 160.0, 12.0, 320.0, 3.0);
    let east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + waves(x, 30.0, 150.0, 12.0, 300.0, 3.0);
    let radians = at.lat / 180.0 * pi;
    let magic = 1.0 - ECCENTRICITY * radians.sin() * radians.sin();
    let along = AXIS * (1.0 - ECCENTRICITY) / (magic * magic.sqrt());
    Position {
        lat: at.lat + north * 180.0 / (along * pi),
        lon: at.lon + east * 180.0 / (AXIS / magic.sqrt() * radians.cos() * pi),
    }
}

/// GCJ-02 to WGS-84.
pub fn to_wgs84(at: Position) -> Position {
    let mut guess = at;
    for _ in 0..30 {
        let shifted = to_gcj02(guess);
        let (lat, lon) = (at.lat - shifted.lat, at.lon - shifted.lon);
        guess = Position { lat: guess.lat + lat, lon: guess.lon + lon };
        if lat.abs() < 1e-9 && lon.abs() < 1e-9 {
            break;
        }
    }
    guess
}

/// Degrees in the unit that records hold.
pub fn units(degrees: f64) -> i64 {
    (degrees * 1e7).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metres(a: Position, b: Position) -> f64 {
        let lat = (a.lat - b.lat) * 111_000.0;
        let lon = (a.lon - b.lon) * 111_000.0 * a.lat.to_radians().cos();
        lat.hypot(lon)
    }

    #[test]
    fn the_published_example_fits() {
        // Tiananmen: WGS-84 39.90734, 116.39089; as public maps show it: 39.90874, 116.39713.
        let shown = to_gcj02(Position { lat: 39.907_34, lon: 116.390_89 });
        assert!(metres(shown, Position { lat: 39.908_74, lon: 116.397_13 }) < 5.0, "{shown:?}");
    }

    #[test]
    fn there_and_back_is_exact_to_centimetres() {
        for lat in 20..50 {
            for lon in 80..130 {
                let at = Position { lat: f64::from(lat) + 0.123, lon: f64::from(lon) + 0.456 };
                let back = to_wgs84(to_gcj02(at));
                assert!(metres(at, back) < 0.01, "{at:?} {back:?}");
                assert!(metres(at, to_gcj02(at)) > 50.0, "the shift is hundreds of metres");
            }
        }
        let london = Position { lat: 51.5, lon: -0.1 };
        assert_eq!(to_wgs84(london), london);
    }
}
