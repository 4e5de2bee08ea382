//! The plot: throughput against depth, both axes logarithmic.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::result::{Link, ROUND_TRIP_MS, Results};
use crate::server::Server;
use crate::table::grouped;
use crate::way::Way;

const SIZE: (u32, u32) = (960, 600);
const FONT: &str = "Helvetica, Arial, sans-serif";

const INK: RGBAColor = rgb(0x22, 0x2b, 0x36);
const MUTED: RGBAColor = rgb(0x6b, 0x77, 0x85);
const GRID: RGBAColor = rgb(0xe6, 0xea, 0xee);
const DIRECT: RGBAColor = rgb(0x0f, 0x76, 0x6e);
const LONG: RGBAColor = rgb(0xc2, 0x41, 0x0c);

const fn rgb(red: u8, green: u8, blue: u8) -> RGBAColor {
    RGBAColor(red, green, blue, 1.0)
}

/// Depths, from left to right; a little room on both sides for the figures.
const DEPTHS: core::ops::Range<f64> = 0.6..16_000.0;

/// Whether the plot can be written there. What is there stays.
pub(crate) fn try_path(path: &Path) -> io::Result<()> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map(drop)
}

pub(crate) fn write(results: &Results, server: &Server, path: &Path) -> io::Result<()> {
    let mut svg = String::new();
    draw(results, server, &mut svg).map_err(|error| io::Error::other(error.to_string()))?;
    fs::write(path, svg)
}

fn draw(
    results: &Results,
    server: &Server,
    svg: &mut String,
) -> Result<(), Box<dyn core::error::Error>> {
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let text = |size: u32, color: &RGBAColor| (FONT, size).into_font().color(color);
    root.draw(&Text::new(
        "Throughput against pipeline depth",
        (80, 24),
        text(24, &INK),
    ))?;
    let subtitle = format!(
        "SET of one telemetry sample each · {} · one connection, one thread",
        server.title()
    );
    root.draw(&Text::new(subtitle, (80, 54), text(14, &MUTED)))?;

    let area = root.margin(80, 16, 16, 28);
    let top = decade_above(results);
    let mut chart = ChartBuilder::on(&area)
        .x_label_area_size(56)
        .y_label_area_size(84)
        .build_cartesian_2d(DEPTHS.log_scale(), (1.0..top).log_scale())?;
    chart
        .configure_mesh()
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .axis_style(MUTED)
        .label_style(text(14, &INK))
        .axis_desc_style(text(15, &INK))
        .x_desc("pipeline depth: commands sent and not yet answered")
        .y_desc("samples per second")
        .x_labels(5)
        .y_labels(7)
        .x_label_formatter(&|depth| grouped(*depth))
        .y_label_formatter(&|rate| grouped(*rate))
        .draw()?;

    if results.row(Link::Long, Way::OneAtATime).is_some() {
        // Broad and pale, because what is measured lies on it.
        let band = LONG.mix(0.18).stroke_width(13);
        chart.draw_series(LineSeries::new(
            [DEPTHS.start, DEPTHS.end].map(|depth| (depth, limit(depth))),
            band,
        ))?;
        let name = text(14, &LONG.mix(0.75)).pos(Pos::new(HPos::Left, VPos::Top));
        let name = Text::new(
            format!("the limit: depth / {ROUND_TRIP_MS} ms"),
            (14, 8),
            name,
        );
        chart.draw_series([EmptyElement::at((10.0, limit(10.0))) + name])?;
    }
    for (link, color) in [(Link::Long, LONG), (Link::Direct, DIRECT)] {
        let curve = results.curve(link);
        chart.draw_series(LineSeries::new(
            curve.iter().copied(),
            color.stroke_width(3),
        ))?;
        chart.draw_series(
            curve
                .iter()
                .map(|point| Circle::new(*point, 5, color.filled())),
        )?;
        let figure = text(13, &color).pos(Pos::new(HPos::Center, VPos::Bottom));
        chart.draw_series(curve.iter().map(|point| {
            EmptyElement::at(*point) + Text::new(short(point.1), (0, -10), figure.clone())
        }))?;
        // Where the curves leave room: below the last but one point, from where both rise or stay.
        let name = text(16, &color).pos(Pos::new(HPos::Left, VPos::Top));
        chart.draw_series(curve.iter().rev().nth(1).map(|point| {
            EmptyElement::at(*point) + Text::new(server.link_name(link), (12, 14), name)
        }))?;
    }
    root.present()?;
    Ok(())
}

/// What the long link's round trip allows.
fn limit(depth: f64) -> f64 {
    depth * 1_000.0 / ROUND_TRIP_MS as f64
}

/// `4.0`, `371`, `3,620`, `39.5 k`, `2.39 M`: three digits say enough.
fn short(rate: f64) -> String {
    match rate {
        1e6.. => format!("{:.2} M", rate / 1e6),
        1e5.. => format!("{:.0} k", rate / 1e3),
        1e4.. => format!("{:.1} k", rate / 1e3),
        1e3.. => grouped((rate / 10.0).round() * 10.0),
        _ => grouped(rate),
    }
}

/// The power of ten above all that was measured.
fn decade_above(results: &Results) -> f64 {
    let most = results
        .rows
        .iter()
        .map(crate::result::Row::rate)
        .fold(10.0, f64::max);
    10_f64.powf((most * 1.5).log10().ceil())
}
