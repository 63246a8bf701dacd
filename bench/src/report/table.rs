//! The tables on the terminal.

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, Table};

use super::Report;
use super::targets::Target;
use crate::machine::Machine;
use crate::rounds::Measured;
use crate::stages::against::Against;
use crate::stages::cold::Cold;
use crate::stages::concurrency::Concurrency;
use crate::stages::growth::{Cost, Growth, Size};
use crate::stages::limit::Limit;
use crate::statistics::Spread;

/// Prints everything that there is.
pub(crate) fn print(report: &Report) {
    println!("{}", machine(&report.machine, report));
    if let Some(limit) = &report.limit {
        println!("\n{}", limit_table(limit));
    }
    if !report.targets.is_empty() {
        println!("\nTargets\n{}", targets(&report.targets));
    }
    if let Some(concurrency) = &report.concurrency {
        println!("\n{}", concurrency_table(concurrency));
    }
    if let Some(cold) = &report.cold {
        println!("\n{}", cold_table(cold));
    }
    if let Some(growth) = &report.growth {
        println!("\n{}", growth_tables(growth));
    }
    if let Some(against) = &report.against {
        println!("\n{}", against_table(against));
    }
}

fn machine(machine: &Machine, report: &Report) -> String {
    let settings = &report.settings;
    let smoke = if settings.quick {
        "\nA smoke run: the numbers mean nothing."
    } else {
        ""
    };
    format!(
        "{}, {} cores, {} GB; Linux {}; PostgreSQL {}; {}; commit {}\n\
         {} rounds of {} s; load average before {}, after {}; {:.0} minutes{smoke}",
        machine.processor,
        machine.cores,
        machine.memory_gb,
        machine.kernel,
        machine.postgresql,
        machine.host,
        machine.commit,
        settings.rounds,
        settings.seconds,
        machine.load_before,
        report.load_after,
        report.minutes,
    )
}

/// A table whose first column is text and whose others are numbers.
fn table<'a>(header: impl IntoIterator<Item = &'a str>) -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_HORIZONTAL_ONLY);
    table.set_header(header.into_iter().map(str::to_owned).collect::<Vec<_>>());
    table
}

fn aligned(mut table: Table) -> String {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

fn limit_table(limit: &Limit) -> String {
    let mut table = table([
        "shape",
        "rows",
        "kB",
        "SQL",
        "req/s",
        "±",
        "p50 ms",
        "p99 ms",
        "pgbench/s",
        "ours",
        "bare/s",
        "ours",
        "plain/s",
        "ours",
    ]);
    for row in &limit.shapes {
        let app = row.contender("app");
        let (pgbench, bare) = (row.contender("pgbench"), row.contender("bare"));
        let plain = || {
            row.contenders
                .iter()
                .filter(|one| one.name.starts_with("plain"))
        };
        table.add_row(vec![
            row.shape.clone(),
            format!("{:.0}", row.results),
            format!("{:.1}", row.bytes / 1000.0),
            format!("{:.1}", row.statements),
            app.map_or_else(none, speed),
            app.map_or_else(none, |app| width(&app.per_second)),
            app.map_or_else(none, |app| millis(app.p50_ms.median)),
            app.and_then(|app| app.p99_ms)
                .map_or_else(none, |spread| millis(spread.median)),
            pgbench.map_or_else(none, speed),
            pgbench.map_or_else(none, ratio),
            bare.map_or_else(none, speed),
            bare.map_or_else(none, ratio),
            lines(plain().map(|one| format!("{} {}", one.name, speed(one)))),
            lines(plain().map(ratio)),
        ]);
    }
    format!(
        "Limit: {} patients, {} indexes, {} clients (first-login: 2). ours: requests of the app in relation to it, \
         median of the rounds (least–most)\n{}",
        limit.patients,
        if limit.indexes { "with" } else { "without" },
        limit.clients,
        aligned(table)
    )
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}

fn none() -> String {
    "–".to_owned()
}

fn speed(measured: &Measured) -> String {
    number(measured.per_second.median)
}

/// Half of the distance between the extremes.
fn width(spread: &Spread) -> String {
    format!("{:.0} %", spread.width() * 50.0)
}

fn ratio(measured: &Measured) -> String {
    let percent = |value: f64| format!("{:.0}", value * 100.0);
    measured.ratio.map_or_else(none, |ratio| {
        format!(
            "{} % ({}–{})",
            percent(ratio.median),
            percent(ratio.min),
            percent(ratio.max)
        )
    })
}

/// Three digits are as many as can be trusted.
pub(super) fn number(value: f64) -> String {
    let digits = if value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.digits$}")
}

fn millis(value: f64) -> String {
    number(value)
}

fn targets(targets: &[Target]) -> String {
    let mut table = table(["target", "wanted", "measured", ""]);
    for target in targets {
        table.add_row(vec![
            target.name.clone(),
            format!("≥ {}", number(target.wanted)),
            number(target.measured),
            if target.met { "met" } else { "missed" }.to_owned(),
        ]);
    }
    aligned(table)
}

fn concurrency_table(found: &Concurrency) -> String {
    let mut table = table([
        "clients",
        "req/s",
        "±",
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "answers",
        "503",
        "errors",
        "connections",
        "memory MB",
    ]);
    for server in &found.servers {
        for level in &server.levels {
            table.add_row(vec![
                level.clients.to_string(),
                number(level.per_second.median),
                width(&level.per_second),
                millis(level.p50_ms.median),
                millis(level.p95_ms.median),
                millis(level.p99_ms.median),
                level.answers.to_string(),
                level.refused.to_string(),
                level.failures.values().sum::<u64>().to_string(),
                format!("{} of {}", level.connections, server.max_connections),
                number(level.memory_mb),
            ]);
        }
    }
    format!(
        "Concurrency: a read and a search of all types, {} patients\n{}",
        found.patients,
        aligned(table)
    )
}

fn cold_table(cold: &Cold) -> String {
    let mut table = table(["component", "kB", "fresh ms", "warm ms", "difference"]);
    for component in &cold.components {
        let time = |spread: Option<Spread>| spread.map_or_else(none, |one| millis(one.median));
        let difference = component.fresh_ms.zip(component.warm_ms);
        table.add_row(vec![
            component.name.clone(),
            format!("{:.0}", component.bytes as f64 / 1000.0),
            time(component.fresh_ms),
            time(component.warm_ms),
            difference.map_or_else(none, |(fresh, warm)| millis(fresh.median - warm.median)),
        ]);
    }
    format!(
        "Cold: first answer {} ms after a start ({}–{}){}; the first patient {} ms\n\
         A fresh instance reads rights and catalog before it answers; that is in the difference\n{}",
        millis(cold.compiled_ms.median),
        millis(cold.compiled_ms.min),
        millis(cold.compiled_ms.max),
        cold.uncompiled_ms.map_or_else(String::new, |time| {
            format!(", {:.1} s when all had to be compiled", time / 1000.0)
        }),
        millis(cold.first_read_ms.median),
        aligned(table)
    )
}

fn growth_tables(growth: &Growth) -> String {
    let mut header = vec!["shape".to_owned()];
    for size in &growth.sizes {
        let patients = size.patients;
        header.extend([
            format!("{patients}: ms"),
            "indexed".to_owned(),
            "rows".to_owned(),
            "indexed".to_owned(),
        ]);
    }
    let mut shapes = table(header.iter().map(String::as_str));
    let names = growth.sizes.first().map(|size| &size.shapes);
    for (place, first) in names.into_iter().flatten().enumerate() {
        let mut cells = vec![first.shape.clone()];
        for row in growth
            .sizes
            .iter()
            .filter_map(|size| size.shapes.get(place))
        {
            let rows = |cost: &Cost| {
                let explained = cost.explained.as_ref();
                explained.map_or_else(none, |one| format!("{:.0}", one.rows_touched))
            };
            cells.extend([
                millis(row.without.p50_ms),
                millis(row.with.p50_ms),
                rows(&row.without),
                rows(&row.with),
            ]);
        }
        shapes.add_row(cells);
    }
    format!(
        "Growth: one client, p50 and rows touched, without and with database/indexes.sql\n{}\n\n{}",
        aligned(shapes),
        sizes(&growth.sizes)
    )
}

fn sizes(sizes: &[Size]) -> String {
    let mut table = table([
        "patients",
        "database MB",
        "indexes MB",
        "idle MB",
        "64 clients MB",
        "crawl: pages",
        "observations",
        "seconds",
        "page ms",
        "first tenth",
        "last tenth",
        "peak MB",
    ]);
    for size in sizes {
        let crawl = &size.crawl;
        table.add_row(vec![
            size.patients.to_string(),
            number(size.database_mb),
            number(size.index_mb),
            number(size.memory.idle_mb),
            number(size.memory.busy_mb),
            format!(
                "{}{}",
                crawl.pages,
                if crawl.complete { "" } else { ", not all" }
            ),
            crawl.results.to_string(),
            number(crawl.seconds),
            millis(crawl.page_ms.median),
            millis(crawl.first_tenth_ms),
            millis(crawl.last_tenth_ms),
            number(crawl.memory_mb),
        ]);
    }
    aligned(table)
}

fn against_table(against: &Against) -> String {
    let mut table = table([
        "shape",
        "req/s",
        "p50 ms",
        "kB",
        "theirs req/s",
        "p50 ms",
        "kB",
        "ours",
        "their statuses",
        "same results",
    ]);
    for row in &against.shapes {
        let (app, peer) = (row.contenders.first(), row.contenders.get(1));
        let statuses = row
            .statuses
            .iter()
            .map(|(status, times)| format!("{times}×{status}"));
        table.add_row(vec![
            row.shape.clone(),
            app.map_or_else(none, speed),
            app.map_or_else(none, |app| millis(app.p50_ms.median)),
            format!("{:.1}", row.bytes / 1000.0),
            peer.map_or_else(none, speed),
            peer.map_or_else(none, |peer| millis(peer.p50_ms.median)),
            format!("{:.1}", row.their_bytes / 1000.0),
            peer.map_or_else(none, ratio),
            lines(statuses),
            format!("{} of {}", row.same_results, row.asked),
        ]);
    }
    format!(
        "Against {}: {} clients\n{}",
        against.url,
        against.clients,
        aligned(table)
    )
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn a_number_has_about_three_digits() {
        assert_eq!(number(1234.56), "1235");
        assert_eq!(number(45.67), "45.7");
        assert_eq!(number(0.123), "0.12");
    }
}
