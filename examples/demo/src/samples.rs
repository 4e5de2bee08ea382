//! The telemetry: temperatures of a thousand sensors.

/// Sensors, one key each.
const SENSORS: usize = 1_000;
/// Samples made beforehand, so that making them is no part of what is measured.
const READY: usize = 10_000;

/// What every key of the demo begins with.
pub(crate) const PREFIX: &str = "respipe-demo:";

/// One measurement: the key of its sensor, and time and temperature as text.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// An endless supply of samples.
#[derive(Debug)]
pub(crate) struct Samples(Vec<Sample>);

impl Samples {
    pub(crate) fn new() -> Self {
        Self((0..READY).map(sample).collect())
    }

    /// The n-th sample.
    pub(crate) fn at(&self, n: usize) -> &Sample {
        &self.0[n % READY]
    }

    /// Every key in use.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> + Clone {
        self.0[..SENSORS].iter().map(|sample| sample.key.as_str())
    }
}

fn sample(n: usize) -> Sample {
    let sensor = n % SENSORS;
    // A slow wave a sensor, so that a person who looks at the data sees temperatures.
    let temperature = 21.0 + 6.0 * (n as f64 / 700.0 + sensor as f64).sin();
    Sample {
        key: format!("{PREFIX}{sensor:04}"),
        value: format!("{} {temperature:.2}", 1_700_000_000_000_u64 + n as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_repeat_over_the_same_keys() {
        let samples = Samples::new();
        assert_eq!(samples.at(1).key, "respipe-demo:0001");
        assert_eq!(samples.at(1).key, samples.at(1 + SENSORS).key);
        assert_ne!(samples.at(1).value, samples.at(1 + SENSORS).value);
        assert_eq!(samples.at(3).value, samples.at(3 + READY).value);
        assert_eq!(samples.keys().count(), SENSORS);
    }
}
