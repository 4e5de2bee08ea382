#![cfg_attr(fuzzing, no_main)]
#![expect(missing_docs, reason = "the target's module has them")]

respipe_fuzz::main!("hostile");
