//! `cargo xtask bench`: how far from the limit of PostgreSQL and Spin the app is.
//!
//! # Layout
//!
//! - `arguments`: what to measure
//! - `hospital`, `bare`: what is measured, and what it is set beside; `statement`: what the app sends to PostgreSQL
//! - `draw`, `workload`: what is asked
//! - `client`, `load`, `asker`: who asks
//! - `rounds`, `statistics`, `watch`: how it is measured
//! - `stages`: what is measured, one stage per file
//! - `report`, `machine`, `progress`: what is told

mod arguments;
mod asker;
mod bare;
mod client;
mod draw;
mod hospital;
mod load;
mod machine;
mod progress;
mod report;
mod rounds;
mod stages;
mod statement;
mod statistics;
mod watch;
mod workload;

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Parser;

use arguments::{Arguments, Plan, StageName};
use draw::Values;
use hospital::{Hospital, PLENTY, Served, USER};
use machine::Machine;
use progress::Progress;
use report::{Report, Settings, json, plot, table, targets};
use stages::{against, cold, concurrency, growth, limit};

fn main() -> Result<ExitCode> {
    let plan = Arguments::parse().plan();
    let report = measure(&plan)?;
    table::print(&report);
    tell(&plan.output, &report)?;
    let failures = report.failures();
    for failure in &failures {
        eprintln!("failed: {failure}");
    }
    Ok(if failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn tell(folder: &Path, report: &Report) -> Result<()> {
    println!("\n{}", json::write(report, folder)?.display());
    for path in plot::draw(report, folder)? {
        println!("{}", path.display());
    }
    Ok(())
}

/// Starting a hospital and drawing from it.
fn preparation(plan: &Plan) -> Duration {
    Duration::from_secs(if plan.quick { 4 } else { 60 })
}

fn planned(plan: &Plan) -> Duration {
    let stages = plan.stages.iter().map(|stage| match stage {
        StageName::Limit => limit::planned(plan),
        StageName::Growth => growth::planned(plan),
        StageName::Concurrency => concurrency::planned(plan),
        StageName::Cold => cold::planned(plan),
        StageName::Against => against::planned(plan),
    });
    preparation(plan) + stages.sum::<Duration>()
}

fn measure(plan: &Plan) -> Result<Report> {
    let begin = Instant::now();
    let load_before = machine::load();
    let progress = Progress::new(planned(plan))?;
    hospital::forget_logs(&plan.output);
    let mut report = at_one_size(plan, &progress, load_before)?;
    if plan.runs(StageName::Growth) {
        report.growth = Some(growth::run(plan, &progress)?);
    }
    report.load_after = machine::load();
    report.minutes = begin.elapsed().as_secs_f64() / 60.0;
    Ok(report)
}

/// The stages that share a hospital and an app.
fn at_one_size(plan: &Plan, progress: &Progress, load_before: f64) -> Result<Report> {
    progress.next(format!("starting a hospital of {} patients", plan.patients));
    let mut hospital = Hospital::start(plan.patients, PLENTY, &plan.output)?;
    if plan.indexes {
        hospital.make_indexes()?;
    }
    let mut report = Report {
        machine: Machine {
            load_before,
            ..Machine::describe(&hospital)?
        },
        settings: Settings::from(plan),
        targets: Vec::new(),
        limit: None,
        growth: None,
        concurrency: None,
        cold: None,
        against: None,
        load_after: 0.0,
        minutes: 0.0,
    };
    let shared = [
        StageName::Limit,
        StageName::Concurrency,
        StageName::Cold,
        StageName::Against,
    ];
    if !shared.iter().any(|stage| plan.runs(*stage)) {
        return Ok(report);
    }
    let mut served = hospital.serve()?;
    let values = values(plan, &hospital, &mut served)?;
    progress.spent(preparation(plan));
    if plan.runs(StageName::Limit) {
        let found = limit::run(plan, &hospital, &mut served, &values, progress)?;
        report.targets = targets::judge(&found);
        report.limit = Some(found);
    }
    if plan.runs(StageName::Cold) {
        report.cold = Some(cold::run(
            plan,
            &hospital,
            &mut served.asker,
            &values,
            progress,
        )?);
    }
    if plan.runs(StageName::Against)
        && let Some(peer) = &plan.peer
    {
        report.against = Some(against::run(plan, peer, &mut served, &values, progress)?);
    }
    drop(served);
    if plan.runs(StageName::Concurrency) {
        let found = concurrency::run(plan, &mut hospital, &values, progress)?;
        report.concurrency = Some(found);
    }
    Ok(report)
}

fn values(plan: &Plan, hospital: &Hospital, served: &mut Served) -> Result<Values> {
    let mut values = Values::draw(hospital, &mut served.asker, plan.seed)?;
    workload::go_deep(&mut values, &mut served.asker, &served.app.url())?;
    if plan.runs(StageName::Limit) {
        let count = if plan.quick { 50 } else { 2_000 };
        values.strangers = workload::strangers(hospital, count)?;
        values.known = format!("{USER}:{}", hospital.password(USER)?);
    }
    Ok(values)
}
