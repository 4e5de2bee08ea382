//! The demo runs by itself and tells people and machines what it saw.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::process::{Command, Output};
use std::sync::LazyLock;

use respipe_testkit::process::ServerProcess;
use respipe_testkit::server::ServerInProcess;
use serde_json::Value;

type Result<T = ()> = core::result::Result<T, Box<dyn core::error::Error>>;

/// A quick run in a directory of its own.
struct Run {
    output: Output,
    directory: tempfile::TempDir,
}

impl Run {
    fn new(configure: impl for<'c> FnOnce(&'c mut Command) -> &'c mut Command) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_demo"));
        command.arg("--quick").current_dir(directory.path());
        configure(&mut command);
        Ok(Self {
            output: command.output()?,
            directory,
        })
    }

    /// What a person reads; fails if the run did.
    fn text(&self) -> Result<String> {
        let errors = String::from_utf8_lossy(&self.output.stderr);
        assert!(self.output.status.success(), "{errors}");
        Ok(String::from_utf8(self.output.stdout.clone())?)
    }

    /// What it says when it fails.
    fn failure(&self) -> String {
        assert!(!self.output.status.success(), "it went well");
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// The last line, for machines.
    fn json(&self) -> Result<Value> {
        let text = self.text()?;
        Ok(serde_json::from_str::<Value>(text.lines().last().ok_or("no line")?)?["demo"].take())
    }
}

/// A run on a machine without servers, which serves itself. One for all tests: it takes seconds, most of them asleep.
fn hermetic() -> Result<&'static Run> {
    static RUN: LazyLock<core::result::Result<Run, String>> = LazyLock::new(|| {
        let run = Run::new(|command| {
            let command = command.args(["--json", "--plot", "plot.svg"]);
            command.env("PATH", "").env_remove("RESPIPE_SERVERS")
        });
        run.map_err(|error| error.to_string())
    });
    Ok(RUN.as_ref().map_err(String::as_str)?)
}

#[test]
fn without_any_server_it_serves_itself_and_says_so() -> Result {
    let run = hermetic()?;
    assert!(run.text()?.contains("serves itself"));
    let demo = run.json()?;
    assert_eq!(demo["server"]["kind"], "in_process");
    let rows = demo["rows"].as_array().ok_or("no rows")?;
    assert_eq!(
        rows.len(),
        2 * 7,
        "no script and no transaction without a real server"
    );
    for row in rows {
        assert!(
            row["samples_per_second"]
                .as_f64()
                .is_some_and(|rate| rate > 0.0),
            "{row}"
        );
    }
    Ok(())
}

#[test]
fn with_a_real_server_every_way_is_measured_over_both_links() -> Result {
    match ServerProcess::any() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            respipe_testkit::skip("no redis-server and no valkey-server on the PATH");
            return Ok(());
        }
        server => drop(server?),
    }
    let run = Run::new(|command| command.arg("--json"))?;
    let demo = run.json()?;
    assert_eq!(demo["server"]["kind"], "started");
    let rows = demo["rows"].as_array().ok_or("no rows")?;
    assert_eq!(rows.len(), 2 * 9);
    for link in ["direct", "long"] {
        let depths = [1, 10, 100, 1_000, 10_000];
        let measured = rows
            .iter()
            .filter(|row| row["link"] == link)
            .filter_map(|row| row["depth"].as_u64());
        assert_eq!(measured.collect::<Vec<_>>(), depths);
        for way in [
            "new_connection",
            "one_at_a_time",
            "mset",
            "script",
            "transaction",
        ] {
            assert!(
                rows.iter()
                    .any(|row| row["link"] == link && row["way"] == way),
                "{link} {way}"
            );
        }
    }
    Ok(())
}

#[test]
fn the_long_link_lets_no_more_through_than_its_round_trip_allows() -> Result {
    let run = hermetic()?;
    let demo = run.json()?;
    let rows = demo["rows"].as_array().ok_or("no rows")?;
    let mut judged = 0;
    for row in rows {
        if let Some(limit) = row["limit"].as_f64() {
            let rate = row["samples_per_second"].as_f64().ok_or("no rate")?;
            assert!(rate <= limit, "{row}");
            judged += 1;
        }
    }
    assert_eq!(judged, 6);
    Ok(())
}

#[test]
fn piped_output_holds_no_escape_and_no_bar() -> Result {
    let run = hermetic()?;
    let errors = String::from_utf8_lossy(&run.output.stderr).into_owned();
    for text in [run.text()?, errors.clone()] {
        assert!(!text.contains(['\x1b', '\r', '\u{8}']), "{text:?}");
    }
    assert_eq!(errors.lines().count(), 2 * 7, "one line a row: {errors}");
    Ok(())
}

#[test]
fn the_table_fits_into_eighty_columns() -> Result {
    let text = hermetic()?.text()?;
    let table: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.contains("samples/s"))
        .take(8)
        .collect();
    assert!(table.len() == 8 && table[7].contains("MSET"), "{text}");
    for line in table {
        assert!(line.chars().count() <= 80, "{line}");
    }
    Ok(())
}

#[test]
fn the_plot_is_an_svg_with_both_curves_and_the_limit() -> Result {
    let run = hermetic()?;
    run.text()?;
    let plot = fs::read_to_string(run.directory.path().join("plot.svg"))?;
    assert!(plot.starts_with("<svg") && plot.trim_end().ends_with("</svg>"));
    for text in [
        "loopback",
        "250 ms round trip",
        "the limit: depth / 250 ms",
        "samples per second",
        "10,000",
    ] {
        assert!(plot.contains(text), "no {text:?} in the plot");
    }
    Ok(())
}

#[test]
fn a_server_named_by_url_is_left_as_it_was() -> Result {
    let server = ServerInProcess::start_with_password("hush")?;
    let run = Run::new(|command| command.args(["--json", "--url", &server.url()]))?;
    let demo = run.json()?;
    assert_eq!(demo["server"]["kind"], "url");
    let rows = demo["rows"].as_array().ok_or("no rows")?;
    assert_eq!(
        rows.len(),
        2 * 8,
        "all but the script, which this server does not know"
    );
    assert!(!run.text()?.contains("hush"), "a password shows");
    let mut stream = std::net::TcpStream::connect(server.address())?;
    io::Write::write_all(&mut stream, b"AUTH hush\r\nDBSIZE\r\nQUIT\r\n")?;
    assert_eq!(io::read_to_string(stream)?, "+OK\r\n:0\r\n+OK\r\n");
    Ok(())
}

#[test]
fn a_url_where_nobody_listens_is_named_in_a_clear_message() -> Result {
    let free = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let failure =
        Run::new(|command| command.args(["--url", &format!("redis://{free}")]))?.failure();
    assert!(
        failure.contains(&free.to_string()) && failure.contains("refused"),
        "{failure}"
    );
    Ok(())
}

#[test]
fn a_wrong_password_is_told_and_not_shown() -> Result {
    let server = ServerInProcess::start_with_password("hush")?;
    let url = format!("redis://:wrong-one@{}", server.address());
    let failure = Run::new(|command| command.args(["--url", &url]))?.failure();
    assert!(failure.contains("WRONGPASS"), "{failure}");
    assert!(!failure.contains("wrong-one"), "{failure}");
    Ok(())
}

#[test]
fn what_is_no_url_and_what_is_no_option_are_told_apart() -> Result {
    let failure = Run::new(|command| command.args(["--url", "http://127.0.0.1:1"]))?.failure();
    assert!(failure.contains("redis://"), "{failure}");
    let failure = Run::new(|command| command.arg("--fast"))?.failure();
    assert!(
        failure.contains("--fast") && failure.contains("--help"),
        "{failure}"
    );
    Ok(())
}

#[test]
fn a_place_where_no_plot_can_be_is_told_before_the_work() -> Result {
    let run = Run::new(|command| command.args(["--plot", "no/such/folder/plot.svg"]))?;
    let failure = run.failure();
    assert!(failure.contains("no/such/folder/plot.svg"), "{failure}");
    assert_eq!(failure.lines().count(), 1, "a row was run: {failure}");
    Ok(())
}
