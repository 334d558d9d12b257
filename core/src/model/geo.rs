//! Positions: WGS-84 and CGCS2000, which differ by less than a phone can tell, and GCJ-02, the shifted coordinates of
//! public maps in China. The shift has a published approximation in one direction only; the way back is found by
//! iteration, to centimetres.
//!
//! Phone and server must agree on every bit of a converted position, because positions are merged after conversion. So
//! nothing here calls the platform's sine, which may differ in its last place.

use std::f64::consts::PI;

/// Semi-major axis and squared eccentricity of the ellipsoid that the approximation uses (Krasovsky 1940).
const AXIS: f64 = 6_378_245.0;
const ECCENTRICITY: f64 = 0.006_693_421_622_965_943;
/// Mean radius of the earth in metres.
const RADIUS: f64 = 6_371_008.8;
/// Units of one degree.
const UNITS: f64 = 1e7;
/// No position is worth keeping that says less than this many metres.
pub const MAX_ACCURACY: u32 = 100_000;

/// The coordinate system of a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Crs {
    /// What satellites give.
    Wgs84,
    /// The national system; equal to WGS-84 here.
    Cgcs2000,
    /// What public maps show.
    Gcj02,
}

impl Crs {
    /// Its code in the list `crs`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Wgs84 => "wgs84",
            Self::Cgcs2000 => "cgcs2000",
            Self::Gcj02 => "gcj02",
        }
    }
    /// The system of a code.
    pub fn of(code: &str) -> Option<Self> {
        [Self::Wgs84, Self::Cgcs2000, Self::Gcj02].into_iter().find(|crs| crs.code() == code)
    }
}

/// A position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Point {
    /// Latitude in units of 1e-7 degree, north positive.
    pub lat: i32,
    /// Longitude in units of 1e-7 degree, east positive.
    pub lon: i32,
    /// In which system.
    pub crs: Crs,
    /// Radius in metres within which the true position lies, where known.
    pub accuracy_m: Option<u32>,
}

/// What is wrong with the text of a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointError {
    /// Not `lat,lon,crs,accuracy_m` in its one form.
    Shape,
    /// No system of this code.
    Crs,
    /// Beyond 90 or 180 degrees.
    Range,
    /// An accuracy of nothing, or of more than 100 km.
    Accuracy,
}

impl Point {
    /// A position from degrees.
    pub fn from_degrees(lat: f64, lon: f64, crs: Crs, accuracy_m: Option<u32>) -> Option<Self> {
        let sound = lat.is_finite() && lon.is_finite() && lat.abs() <= 90.0 && lon.abs() <= 180.0;
        sound.then(|| Self { lat: units(lat), lon: units(lon), crs, accuracy_m })
    }

    /// Reads `325012345,1171234567,wgs84,12`; the last part may be empty. One position has one text.
    pub fn parse(text: &str) -> Result<Self, PointError> {
        let parts: Vec<&str> = text.split(',').collect();
        let [lat, lon, crs, accuracy] = parts[..] else { return Err(PointError::Shape) };
        let lat: i64 = lat.parse().map_err(|_| PointError::Shape)?;
        let lon: i64 = lon.parse().map_err(|_| PointError::Shape)?;
        let crs = Crs::of(crs).ok_or(PointError::Crs)?;
        let accuracy_m = match accuracy {
            "" => None,
            text => Some(text.parse().map_err(|_| PointError::Shape)?),
        };
        if lat.abs() > 900_000_000 || lon.abs() > 1_800_000_000 {
            return Err(PointError::Range);
        }
        if accuracy_m.is_some_and(|metres| !(1..=MAX_ACCURACY).contains(&metres)) {
            return Err(PointError::Accuracy);
        }
        let point = Self { lat: lat as i32, lon: lon as i32, crs, accuracy_m };
        if point.to_text() == text { Ok(point) } else { Err(PointError::Shape) }
    }

    /// The one text of this position.
    pub fn to_text(self) -> String {
        let accuracy = self.accuracy_m.map(|metres| metres.to_string()).unwrap_or_default();
        format!("{},{},{},{accuracy}", self.lat, self.lon, self.crs.code())
    }

    /// The same place in WGS-84: for merging, measuring and maps of our own.
    #[must_use]
    pub fn canonical(self) -> Self {
        let (lat, lon) = match self.crs {
            Crs::Wgs84 => return self,
            Crs::Cgcs2000 => (self.lat, self.lon),
            Crs::Gcj02 => {
                let (lat, lon) = unshifted(degrees(self.lat), degrees(self.lon));
                (units(lat), units(lon))
            }
        };
        Self { lat, lon, crs: Crs::Wgs84, accuracy_m: self.accuracy_m }
    }

    /// The same place in GCJ-02, to be drawn on a public map; never stored.
    #[must_use]
    pub fn for_display_gcj02(self) -> Self {
        if self.crs == Crs::Gcj02 {
            return self;
        }
        let (lat, lon) = shifted(degrees(self.lat), degrees(self.lon));
        Self { lat: units(lat), lon: units(lon), crs: Crs::Gcj02, accuracy_m: self.accuracy_m }
    }

    /// Whether it lies in China or within some 100 km of it, as far as a rectangle can say.
    pub fn is_near_china(self) -> bool {
        (20_000_000..=545_000_000).contains(&self.lat) && (725_000_000..=1_361_000_000).contains(&self.lon)
    }
}

/// Metres between two positions along the surface, whatever their systems.
pub fn distance_m(a: Point, b: Point) -> f64 {
    let (a, b) = (a.canonical(), b.canonical());
    let radians = |units: i32| degrees(units) / 180.0 * PI;
    let (north, east) = (radians(b.lat) - radians(a.lat), radians(b.lon) - radians(a.lon));
    let (up, across) = (sine(north / 2.0), sine(east / 2.0));
    let haversine = up * up + cosine(radians(a.lat)) * cosine(radians(b.lat)) * across * across;
    let half = haversine.clamp(0.0, 1.0).sqrt();
    // Within some kilometres the chord is the arc, to a tenth of a millimetre; beyond, no rule asks for the last bit.
    2.0 * RADIUS * if half < 1e-4 { half } else { half.asin() }
}

fn degrees(units: i32) -> f64 {
    f64::from(units) / UNITS
}

fn units(degrees: f64) -> i32 {
    (degrees * UNITS).round() as i32
}

/// WGS-84 to GCJ-02, in degrees; what lies outside the rectangle around China is not shifted.
fn shifted(lat: f64, lon: f64) -> (f64, f64) {
    if !(72.004..=137.8347).contains(&lon) || !(0.8293..=55.8271).contains(&lat) {
        return (lat, lon);
    }
    let (x, y) = (lon - 105.0, lat - 35.0);
    let waves = |z: f64, long: f64, a: f64, b: f64, c: f64, d: f64| {
        (20.0 * sine(6.0 * x * PI) + 20.0 * sine(2.0 * x * PI)) * 2.0 / 3.0
            + (20.0 * sine(z * PI) + 40.0 * sine(z / 3.0 * PI)) * 2.0 / 3.0
            + (a * sine(z / b * PI) + c * sine(z * PI / long)) * 2.0 / d
    };
    let root = x.abs().sqrt();
    let north =
        -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + waves(y, 30.0, 160.0, 12.0, 320.0, 3.0);
    let east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + waves(x, 30.0, 150.0, 12.0, 300.0, 3.0);
    let radians = lat / 180.0 * PI;
    let magic = 1.0 - ECCENTRICITY * sine(radians) * sine(radians);
    let along = AXIS * (1.0 - ECCENTRICITY) / (magic * magic.sqrt());
    (lat + north * 180.0 / (along * PI), lon + east * 180.0 / (AXIS / magic.sqrt() * cosine(radians) * PI))
}

/// GCJ-02 to WGS-84, in degrees.
fn unshifted(lat: f64, lon: f64) -> (f64, f64) {
    let mut guess = (lat, lon);
    for _ in 0..30 {
        let there = shifted(guess.0, guess.1);
        let (north, east) = (lat - there.0, lon - there.1);
        guess = (guess.0 + north, guess.1 + east);
        if north.abs() < 1e-9 && east.abs() < 1e-9 {
            break;
        }
    }
    guess
}

/// The sine by additions and multiplications alone, which every machine rounds alike; right to 1e-12 for the arguments here.
fn sine(x: f64) -> f64 {
    let turns = (x / PI).round();
    let rest = x - turns * PI;
    let square = rest * rest;
    let mut term = rest;
    let mut sum = rest;
    for n in 1..=10 {
        let n = f64::from(n);
        term *= -square / ((2.0 * n) * (2.0 * n + 1.0));
        sum += term;
    }
    if turns % 2.0 == 0.0 { sum } else { -sum }
}

fn cosine(x: f64) -> f64 {
    sine(x + PI / 2.0)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn wgs(lat: f64, lon: f64) -> Point {
        Point::from_degrees(lat, lon, Crs::Wgs84, None).unwrap()
    }
    fn as_if_wgs(point: Point) -> Point {
        Point { crs: Crs::Wgs84, ..point }
    }

    #[test]
    fn the_published_example_fits() {
        // Tiananmen: WGS-84 39.90734, 116.39089; as public maps show it: 39.90874, 116.39713.
        let shown = wgs(39.907_34, 116.390_89).for_display_gcj02();
        assert_eq!(shown.crs, Crs::Gcj02);
        assert!(distance_m(as_if_wgs(shown), wgs(39.908_74, 116.397_13)) < 5.0, "{shown:?}");
    }

    #[test]
    fn a_place_abroad_is_not_shifted() {
        let london = wgs(51.5, -0.1);
        assert_eq!(as_if_wgs(london.for_display_gcj02()), london);
        assert!(!london.is_near_china());
        assert!(wgs(36.06, 116.3).is_near_china());
        assert!(!wgs(0.0, 0.0).is_near_china());
    }

    #[test]
    fn metres_are_metres() {
        assert_eq!(distance_m(wgs(36.0, 117.0), wgs(36.0, 117.0)).to_bits(), 0.0_f64.to_bits());
        let north = distance_m(wgs(36.0, 117.0), wgs(36.001, 117.0));
        assert!((north - 111.195).abs() < 0.01, "{north}");
        let east = distance_m(wgs(36.0, 117.0), wgs(36.0, 117.001));
        assert!((east - 89.958).abs() < 0.01, "{east}");
        // Beijing to Shanghai, 1067 km by great circle.
        let far = distance_m(wgs(39.9042, 116.4074), wgs(31.2304, 121.4737));
        assert!((far - 1_067_311.0).abs() < 2_000.0, "{far}");
        let shown = wgs(36.0, 117.0).for_display_gcj02();
        assert!(distance_m(shown, wgs(36.0, 117.0)) < 0.05, "one place in two systems");
    }

    #[test]
    fn texts_have_one_form() {
        let point = Point::parse("325012345,1171234567,wgs84,12").unwrap();
        assert_eq!(
            (point.lat, point.lon, point.crs, point.accuracy_m),
            (325_012_345, 1_171_234_567, Crs::Wgs84, Some(12))
        );
        assert_eq!(Point::parse("-1,-2,gcj02,").unwrap().accuracy_m, None);
        for (text, error) in [
            ("", PointError::Shape),
            ("1,2,wgs84", PointError::Shape),
            ("1,2,wgs84,3,4", PointError::Shape),
            ("01,2,wgs84,", PointError::Shape),
            ("+1,2,wgs84,", PointError::Shape),
            ("1 ,2,wgs84,", PointError::Shape),
            ("32.5,117.1,wgs84,", PointError::Shape),
            ("1,2,wgs84,5.5", PointError::Shape),
            ("1,2,wgs84,-5", PointError::Shape),
            ("1,2,bd09,5", PointError::Crs),
            ("1,2,WGS84,5", PointError::Crs),
            ("900000001,2,wgs84,5", PointError::Range),
            ("1,-1800000001,wgs84,5", PointError::Range),
            ("9999999999999,1,wgs84,5", PointError::Range),
            ("1,2,wgs84,0", PointError::Accuracy),
            ("1,2,wgs84,100001", PointError::Accuracy),
        ] {
            assert_eq!(Point::parse(text), Err(error), "{text}");
        }
        assert_eq!(Point::from_degrees(91.0, 0.0, Crs::Wgs84, None), None);
        assert_eq!(Point::from_degrees(f64::NAN, 0.0, Crs::Wgs84, None), None);
    }

    #[test]
    fn the_own_sine_is_the_sine() {
        for n in -4000..4000 {
            let x = f64::from(n) * 0.157;
            assert!((sine(x) - x.sin()).abs() < 1e-11, "{x}");
            assert!((cosine(x) - x.cos()).abs() < 1e-11, "{x}");
        }
    }

    /// Positions are compared after conversion, so their bits must not change from machine to machine or build to build.
    #[test]
    fn conversion_gives_these_numbers() {
        let point = Point::parse("360616469,1163006078,gcj02,8").unwrap();
        assert_eq!(point.canonical().to_text(), CANONICAL);
        assert_eq!(Point::parse(CANONICAL).unwrap().for_display_gcj02().to_text(), "360616469,1163006078,gcj02,8");
        let national = Point::parse("360616469,1163006078,cgcs2000,8").unwrap();
        assert_eq!(national.canonical().to_text(), "360616469,1163006078,wgs84,8");
    }
    const CANONICAL: &str = "360615917,1162949852,wgs84,8";

    proptest! {
        #[test]
        fn there_and_back_is_within_centimetres(lat in 5.0..54.0_f64, lon in 73.0..136.0_f64) {
            let at = wgs(lat, lon);
            let shown = at.for_display_gcj02();
            prop_assert!(distance_m(at, shown.canonical()) < 0.05);
        }

        #[test]
        fn every_point_has_one_text(lat in -900_000_000..=900_000_000, lon in -1_800_000_000..=1_800_000_000, accuracy in proptest::option::of(1_u32..=MAX_ACCURACY)) {
            for crs in [Crs::Wgs84, Crs::Cgcs2000, Crs::Gcj02] {
                let point = Point { lat, lon, crs, accuracy_m: accuracy };
                prop_assert_eq!(Point::parse(&point.to_text()), Ok(point));
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,30}|[0-9,-]{0,30}") {
            let _ = Point::parse(&text);
        }
    }
}
