//! The conformance suite over the pipeline alone.

use respipe_testkit::conformance::{PipelineAlone, run, suite};

#[test]
fn the_pipeline_passes_the_suite() {
    run(&mut PipelineAlone, &suite()).conclude("Pipeline");
}
