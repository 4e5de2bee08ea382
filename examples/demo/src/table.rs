//! The table at the end.

use core::fmt::Write;

use console::{Alignment, pad_str, style};

use crate::result::{Link, ROUND_TRIP_MS, Results, Row};
use crate::way::Way;

/// Widths in columns; the whole table fits into 80.
const NAME: usize = 22;
const RATE: usize = 11;
const GAIN: usize = 8;
const BAR: usize = 7;
/// One link: rate, gain, a space, bar, a space.
const LINK: usize = RATE + GAIN + BAR + 2;

pub(crate) fn table(results: &Results, direct: &str) -> String {
    let mut text = String::new();
    let long = format!("{ROUND_TRIP_MS} ms round trip");
    let headings = [direct, long.as_str()];
    let links = [Link::Direct, Link::Long].into_iter().zip(headings);
    let links: Vec<(Link, &str)> = links
        .filter(|(link, _)| results.row(*link, Way::OneAtATime).is_some())
        .collect();
    let mut line = |line: String| {
        let _ = writeln!(text, "{}", format!("  {line}").trim_end());
    };
    let mut first = pad("", NAME, Alignment::Left);
    let mut second = first.clone();
    for (_, heading) in &links {
        first += &pad(&style(heading).bold().to_string(), LINK, Alignment::Center);
        second += &style(format!(
            "{:>RATE$}{:>GAIN$}{:width$}",
            "samples/s",
            "gain",
            "",
            width = BAR + 2
        ))
        .dim()
        .to_string();
    }
    line(first);
    line(second);
    for way in Way::ALL
        .into_iter()
        .filter(|way| results.row(Link::Direct, *way).is_some())
    {
        let mut cells = pad(&way.to_string(), NAME, Alignment::Left);
        for (link, _) in &links {
            cells += &results
                .row(*link, way)
                .map_or_else(String::new, |row| cell(results, row));
        }
        line(cells);
    }
    line(String::new());
    line(
        style("gain: against one at a time over the same link; the bars are logarithmic")
            .dim()
            .to_string(),
    );
    text
}

fn cell(results: &Results, row: &Row) -> String {
    let gain = results.gain(row).unwrap_or(1.0);
    let bar = style(pad(&bar(results, gain), BAR, Alignment::Left)).green();
    let gain = style(format!("{:>GAIN$}", times(gain))).bold();
    format!("{:>RATE$}{gain} {bar} ", grouped(row.rate()))
}

/// A bar whose length is the logarithm of the gain: the whole of it is the largest gain of the run.
fn bar(results: &Results, gain: f64) -> String {
    let largest = results
        .rows
        .iter()
        .filter_map(|row| results.gain(row))
        .fold(1.0, f64::max);
    let eighths = (gain.max(1.0).log10() / largest.log10().max(f64::MIN_POSITIVE)
        * (BAR * 8) as f64)
        .round() as usize;
    let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
    "█".repeat(eighths / 8) + rest
}

fn pad(text: &str, width: usize, alignment: Alignment) -> String {
    pad_str(text, width, alignment, None).into_owned()
}

/// `0.05×`, `0.4×`, `9.8×`, `98×`, `1,234×`.
fn times(gain: f64) -> String {
    match gain {
        0.095..9.95 => format!("{gain:.1}×"),
        9.95.. => format!("{}×", grouped(gain)),
        _ => format!("{gain:.2}×"),
    }
}

/// `4.0`, `98`, `1,234,567`.
pub(crate) fn grouped(number: f64) -> String {
    if number < 9.95 && number.fract() != 0.0 {
        return format!("{number:.1}");
    }
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
