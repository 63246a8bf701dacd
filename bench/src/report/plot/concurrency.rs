//! Throughput and latency over the number of clients.

use anyhow::Result;

use super::Area;
use super::series::{Lines, Scale, Series};
use crate::stages::concurrency::{Concurrency, Level, Server};

pub(super) fn draw(found: &Concurrency, area: &Area<'_>) -> Result<()> {
    let (left, right) = area.split_horizontally(600);
    let throughput: Vec<Series> = found
        .servers
        .iter()
        .map(|server| Series {
            name: format!("PostgreSQL allows {} connections", server.max_connections),
            points: points(server, |level| level.per_second.median),
        })
        .collect();
    Lines {
        title: "Answers per second, all types mixed",
        across: "clients",
        up: "answers per second",
        series: &throughput,
        scale: Scale::Linear,
        legend: true,
    }
    .draw(&left)?;
    let latency: Vec<Series> = found.servers.last().map(latencies).unwrap_or_default();
    let values: Vec<f64> = latency
        .iter()
        .flat_map(|series| &series.points)
        .map(|point| point.1)
        .collect();
    Lines {
        title: "Latency, with room for all",
        across: "clients",
        up: "milliseconds",
        series: &latency,
        scale: Scale::powers(values.into_iter()),
        legend: true,
    }
    .draw(&right)
}

fn latencies(server: &Server) -> Vec<Series> {
    let series = |name: &str, value: fn(&Level) -> f64| Series {
        name: name.to_owned(),
        points: points(server, value),
    };
    vec![
        series("p50", |level| level.p50_ms.median),
        series("p95", |level| level.p95_ms.median),
        series("p99", |level| level.p99_ms.median),
    ]
}

fn points(server: &Server, value: impl Fn(&Level) -> f64) -> Vec<(f64, f64)> {
    let levels = server.levels.iter();
    levels
        .map(|level| (f64::from(level.clients), value(level)))
        .collect()
}
