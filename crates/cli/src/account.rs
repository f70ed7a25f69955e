//! Accounts by the names that this machine has for them. Documents keep the number.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::sync::OnceLock;

/// The accounts of this machine.
const PASSWD: &str = "/etc/passwd";

/// So much of the file is read. Who has longer ones keeps his accounts elsewhere.
const PASSWD_MAX: u64 = 1024 * 1024;

/// How the service calls an account that is not root's.
const BY_NUMBER: &str = "uid ";

/// An account for people: by name, where the machine has one for its number.
pub(crate) fn shown(account: &str) -> String {
    static NAMES: OnceLock<HashMap<u32, String>> = OnceLock::new();
    named(account, NAMES.get_or_init(|| names(&passwd())))
}

fn named(account: &str, names: &HashMap<u32, String>) -> String {
    let uid = account.strip_prefix(BY_NUMBER).and_then(|number| number.parse().ok());
    let name = uid.and_then(|uid: u32| names.get(&uid));
    name.map_or_else(|| account.to_owned(), Clone::clone)
}

/// Without the file every account keeps its number.
fn passwd() -> String {
    let mut text = Vec::new();
    if let Ok(file) = File::open(PASSWD) {
        let _ = file.take(PASSWD_MAX).read_to_end(&mut text);
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// The first name of each number (passwd(5)).
fn names(passwd: &str) -> HashMap<u32, String> {
    let mut names = HashMap::new();
    for line in passwd.lines() {
        let mut fields = line.split(':');
        if let (Some(name), Some(_), Some(uid)) = (fields.next(), fields.next(), fields.next())
            && let Ok(uid) = uid.parse()
            && !name.is_empty()
        {
            names.entry(uid).or_insert_with(|| name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_a_name_is_called_by_it() {
        let names = names(
            "root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:\nalso:x:65534:1::/:\n:x:7:7:\nbad:x:y:\n+\n",
        );
        for (account, expected) in [
            ("uid 65534", "nobody"),
            ("uid 7", "uid 7"),
            ("uid 1000", "uid 1000"),
            ("uid x", "uid x"),
            ("root", "root"),
            ("cluster service", "cluster service"),
        ] {
            assert_eq!(named(account, &names), expected);
        }
    }
}
