//! The fuzz targets' corpus, through the same oracles, and a few mutations of each input: fuzzing's short form, with no
//! tool and no wait.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Takes any bytes, and panics when what must hold of them does not.
type Oracle = fn(&[u8]);

/// Each fuzz target and the oracle behind it.
const TARGETS: &[(&str, Oracle)] = &[
    ("cmrp_request", mainstay_cmrp::oracle::decode_any),
    ("cmrp_response", mainstay_cmrp::oracle::decode_any_response),
    ("proplist", mainstay_proplist::oracle::any_bytes),
    ("rpc_client", mainstay_rpc::oracle::client_bytes),
    ("rpc_pdu", mainstay_rpc::oracle::pdu_bytes),
    ("rpc_server", mainstay_rpc::oracle::server_bytes),
    ("scenario", mainstay_sim::scenario::oracle::any_bytes),
    ("security", mainstay_security::oracle::any_bytes),
];

/// What a byte is replaced by: the ends of every range that a count or a length may have.
const REPLACEMENTS: [u8; 5] = [0x00, 0x01, 0x7F, 0x80, 0xFF];

/// Longer inputs are cut and changed at so many places only, evenly spread, so that the test stays short.
const PLACES_MAX: usize = 200;

fn fuzz_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("fuzz")
}

/// The names in a directory, without extensions.
fn stems(directory: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn every_target_has_an_oracle_here_and_a_corpus() {
    let here: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(stems(&fuzz_dir().join("fuzz_targets")), here);
    assert_eq!(stems(&fuzz_dir().join("corpus")), here);
}

#[test]
fn the_corpus_and_its_neighbours_keep_the_oracles_quiet() {
    for (target, oracle) in TARGETS {
        let mut inputs = 0;
        for entry in fs::read_dir(fuzz_dir().join("corpus").join(target)).unwrap() {
            let input = fs::read(entry.unwrap().path()).unwrap();
            inputs += 1;
            oracle(&input);
            let step = input.len() / PLACES_MAX + 1;
            for at in (0..input.len()).step_by(step) {
                oracle(&input[..at]);
                let mut changed = input.clone();
                for replacement in REPLACEMENTS {
                    changed[at] = replacement;
                    oracle(&changed);
                }
            }
        }
        assert!(inputs > 0, "{target} has no corpus");
    }
}
