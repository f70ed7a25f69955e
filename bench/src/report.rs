//! The table for people and the document for programs.

use std::fmt;

use serde::Serialize;

use crate::sample::Percentiles;

/// All rows of a run.
#[derive(Serialize)]
pub(crate) struct Report {
    rounds: u32,
    pub(crate) rows: Vec<Row>,
}

/// One measured thing beside its floor.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) what: String,
    pub(crate) floor_is: String,
    pub(crate) goal_is: &'static str,
    pub(crate) measured: Measured,
    /// `None` where the design has no number.
    pub(crate) is_reached: Option<bool>,
}

/// What was measured.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Measured {
    /// Times.
    Times {
        measured: Percentiles,
        floor: Percentiles,
        p50_ratio: f64,
        p99_ratio: f64,
        /// Further times that explain the row.
        beside: Vec<(&'static str, Percentiles)>,
    },
    /// Memory, in bytes.
    Memory { resident: u64, goal: u64 },
    /// How a time grows with the cluster.
    Growth { points: Vec<Point> },
    /// Wall times of a whole piece of work.
    Walls { walls: Vec<Walls> },
}

/// Placement in a cluster of one size; milliseconds, with the reading of the model in both.
#[derive(Serialize)]
pub(crate) struct Point {
    pub(crate) resources: u32,
    pub(crate) read_ms: f64,
    pub(crate) full_ms: f64,
    pub(crate) lost_ms: f64,
}

/// A piece of work and its floor, in milliseconds.
#[derive(Serialize)]
pub(crate) struct Walls {
    pub(crate) what: &'static str,
    pub(crate) measured_ms: f64,
    pub(crate) floor_ms: f64,
    pub(crate) ratio: f64,
}

impl Walls {
    pub(crate) fn new(what: &'static str, measured_ms: f64, floor_ms: f64) -> Self {
        Self { what, measured_ms, floor_ms, ratio: measured_ms / floor_ms }
    }
}

impl Measured {
    pub(crate) fn times(measured: Percentiles, floor: Percentiles) -> Self {
        let (p50_ratio, p99_ratio) = (measured.p50_us / floor.p50_us, measured.p99_us / floor.p99_us);
        Self::Times { measured, floor, p50_ratio, p99_ratio, beside: Vec::new() }
    }
}

impl Report {
    pub(crate) fn new(rounds: u32) -> Self {
        Self { rounds, rows: Vec::new() }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in &self.rows {
            writeln!(f, "{} ({})", row.what, row.name)?;
            match &row.measured {
                Measured::Times { measured, floor, p50_ratio, p99_ratio, beside } => {
                    writeln!(f, "  {:<44} {:>12} {:>12}", "", "p50", "p99")?;
                    time_line(f, "measured", *measured)?;
                    time_line(f, &format!("floor: {}", row.floor_is), *floor)?;
                    writeln!(f, "  {:<44} {p50_ratio:>12.2} {p99_ratio:>12.2}", "ratio")?;
                    for (what, times) in beside {
                        time_line(f, &format!("beside: {what}"), *times)?;
                    }
                }
                Measured::Memory { resident, goal } => {
                    let mib = |bytes: u64| bytes as f64 / (1024.0 * 1024.0);
                    writeln!(f, "  {:<44} {:>8.1} MiB of {:.0}", "resident", mib(*resident), mib(*goal))?;
                }
                Measured::Growth { points } => {
                    writeln!(
                        f,
                        "  {:<20} {:>16} {:>16} {:>16}",
                        "resources", "everything", "one node lost", "reading"
                    )?;
                    for Point { resources, read_ms, full_ms, lost_ms } in points {
                        writeln!(
                            f,
                            "  {resources:<20} {full_ms:>13.1} ms {lost_ms:>13.1} ms {read_ms:>13.1} ms"
                        )?;
                    }
                }
                Measured::Walls { walls } => {
                    writeln!(f, "  {:<44} {:>12} {:>12} {:>7}", "", "measured", "floor", "ratio")?;
                    for Walls { what, measured_ms, floor_ms, ratio } in walls {
                        writeln!(f, "  {what:<44} {measured_ms:>9.0} ms {floor_ms:>9.0} ms {ratio:>7.2}")?;
                    }
                    writeln!(f, "  floor: {}", row.floor_is)?;
                }
            }
            match row.is_reached {
                Some(true) => writeln!(f, "  goal: {}: reached\n", row.goal_is)?,
                Some(false) => writeln!(f, "  goal: {}: NOT REACHED\n", row.goal_is)?,
                None => writeln!(f)?,
            }
        }
        write!(f, "{} rounds; each number is their median", self.rounds)
    }
}

fn time_line(f: &mut fmt::Formatter<'_>, what: &str, times: Percentiles) -> fmt::Result {
    writeln!(f, "  {what:<44} {:>9.1} µs {:>9.1} µs", times.p50_us, times.p99_us)
}
