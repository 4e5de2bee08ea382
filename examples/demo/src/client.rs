//! What the demo asks of Redis, through `respipe-std`.

use respipe_std::core::encode::Template;
use respipe_std::{Batch, Connection, Options, Reply, cmd, template};

use crate::Result;
use crate::samples::Sample;
use crate::way::UNIT;

/// Its constant parts are encoded when compiling.
const SET: Template<2> = template!("SET", _, _);

/// What a script may do: all of it at once, in one round trip.
const SCRIPT: &str = "for i = 1, #KEYS do redis.call('SET', KEYS[i], ARGV[i]) end return #KEYS";

#[derive(Debug)]
pub(crate) struct Client {
    redis: Connection,
}

impl Client {
    /// Connects; at most `depth` commands are on their way at one time.
    pub(crate) fn connect(url: &str, depth: usize) -> Result<Self> {
        let redis = Connection::connect(Options::from_url(url)?.depth(depth))?;
        Ok(Self { redis })
    }

    /// One sample, one round trip.
    pub(crate) fn set(&mut self, sample: &Sample) -> Result {
        expect_ok(
            self.redis
                .call(&SET.with((sample.key.as_str(), sample.value.as_str())))?,
        )
    }

    /// Any number of samples through the sliding window; how many were stored, which is all of them.
    pub(crate) fn stream<'s>(
        &mut self,
        samples: impl Iterator<Item = &'s Sample>,
    ) -> Result<usize> {
        let commands =
            samples.map(|sample| ((), SET.with((sample.key.as_str(), sample.value.as_str()))));
        let mut stored = 0;
        let mut problem: Option<Box<dyn core::error::Error>> = None;
        self.redis.stream(commands, |(), outcome| {
            let unanswered = || Err(format!("a sample has no answer: {outcome:?}").into());
            match outcome.reply().map_or_else(unanswered, expect_ok) {
                Ok(()) => stored += 1,
                Err(error) => problem = problem.take().or(Some(error)),
            }
        })?;
        problem.map_or(Ok(stored), Err)
    }

    /// A unit of samples in one command.
    pub(crate) fn mset<'s>(&mut self, samples: impl Iterator<Item = &'s Sample> + Clone) -> Result {
        let pairs = samples.map(|sample| (sample.key.as_str(), sample.value.as_str()));
        expect_ok(self.redis.call(&cmd("MSET").each(pairs))?)
    }

    /// A unit of samples in one script.
    pub(crate) fn script<'s>(
        &mut self,
        samples: impl Iterator<Item = &'s Sample> + Clone,
    ) -> Result {
        let keys = samples.clone().map(|sample| (sample.key.as_str(),));
        let values = samples.map(|sample| (sample.value.as_str(),));
        let stored: usize = self
            .redis
            .call_to(&cmd("EVAL").args((SCRIPT, UNIT)).each(keys).each(values))?;
        if stored == UNIT {
            Ok(())
        } else {
            Err(format!("the script stored {stored} of {UNIT}").into())
        }
    }

    /// A unit of samples between MULTI and EXEC, pipelined.
    pub(crate) fn transaction<'s>(&mut self, samples: impl Iterator<Item = &'s Sample>) -> Result {
        let mut batch = Batch::new();
        batch.push(&cmd("MULTI"))?;
        for sample in samples {
            batch.push(&SET.with((sample.key.as_str(), sample.value.as_str())))?;
        }
        let exec = batch.push(&cmd("EXEC"))?;
        let outcomes = self.redis.run(&batch);
        let exec = outcomes.reply(exec).ok_or("EXEC was not answered")?;
        let stored = exec
            .to::<Vec<&str>>()?
            .into_iter()
            .filter(|status| *status == "OK")
            .count();
        if stored == UNIT {
            Ok(())
        } else {
            Err(format!("the transaction stored {stored} of {UNIT}").into())
        }
    }

    /// Some servers that speak the protocol have no scripts.
    pub(crate) fn knows_scripts(&mut self) -> Result<bool> {
        let reply = self.redis.call(&cmd("EVAL").args(("return 1", 0)))?;
        Ok(reply.error().is_none())
    }

    pub(crate) fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.redis.call_to(&cmd("GET").arg(key))?)
    }

    pub(crate) fn delete<'k>(&mut self, keys: impl Iterator<Item = &'k str> + Clone) -> Result {
        let _: usize = self
            .redis
            .call_to(&cmd("DEL").each(keys.map(|key| (key,))))?;
        Ok(())
    }

    /// Name and version, as the server itself has them.
    pub(crate) fn identity(&mut self) -> Result<(String, String)> {
        let info: String = self.redis.call_to(&cmd("INFO").arg("server"))?;
        let field = |name: &str| {
            info.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        };
        // Valkey answers a `redis_version` for old clients' sake.
        Ok(match field("valkey_version") {
            Some(version) => ("Valkey".to_owned(), version.to_owned()),
            None => (
                "Redis".to_owned(),
                field("redis_version")
                    .unwrap_or("of unknown version")
                    .to_owned(),
            ),
        })
    }
}

fn expect_ok(reply: Reply<'_>) -> Result {
    match reply.error() {
        _ if reply.is_ok() => Ok(()),
        Some(error) => Err(format!("the server says: {}", error.text().escape_ascii()).into()),
        None => Err(format!("the server answers {reply:?} where it should say OK").into()),
    }
}
