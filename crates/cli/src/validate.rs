//! `mainstay cluster validate`: what could go wrong with the cluster and its node, as text, JSON, or a page.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use mainstay_types::validation::{Check, Validation, Verdict};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Subject};
use crate::json::validation::ValidationDocument;
use crate::render::{BAD, Cell, GOOD, MOVING, STRONG, Table, clean, moment, styled};
use crate::written_file::WrittenFile;

/// How the report is given.
#[derive(Debug, Args)]
pub struct ValidateArguments {
    /// Write the report as a page for browsers too
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

pub(crate) fn run(arguments: &ValidateArguments, context: &mut Context) -> Result<Exit, Failure> {
    let file = arguments.html.as_deref().map(WrittenFile::open).transpose()?;
    let mut cluster = context.read()?;
    let found = cluster.validate();
    let found = found.map_err(|error| Failure::of_call(&mut cluster, &error, &Subject::Cluster))?;
    if let Some(file) = file {
        file.write(&page(&found))?;
    }
    context.output.data(|| ValidationDocument::from(&found), || text(&found))?;
    Ok(match worst(&found) {
        Verdict::Failure => Exit::EndedOtherwise,
        Verdict::Ok | Verdict::Warning => Exit::Done,
    })
}

fn worst(found: &Validation) -> Verdict {
    found.checks.iter().map(|check| check.verdict).max().unwrap_or(Verdict::Ok)
}

pub(crate) fn count(found: &Validation, verdict: Verdict) -> usize {
    found.checks.iter().filter(|check| check.verdict == verdict).count()
}

/// `21 checks: 19 ok, 1 warning, 1 failure`.
fn summary(found: &Validation) -> String {
    let plural = |number: usize, one: &str| {
        if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
    };
    format!(
        "{}: {} ok, {}, {}",
        plural(found.checks.len(), "check"),
        count(found, Verdict::Ok),
        plural(count(found, Verdict::Warning), "warning"),
        plural(count(found, Verdict::Failure), "failure"),
    )
}

fn text(found: &Validation) -> String {
    let title = styled(STRONG, &format!("cluster {}", clean(&found.cluster)));
    let mut text = format!("{title} seen from {} at {}\n\n", clean(&found.node), moment(found.at_ms));
    let mut table = Table::with_heading(&["AREA", "CHECK", "IS", "SEEN"]);
    for check in &found.checks {
        table.row(vec![
            check.area.as_str().into(),
            check.what.as_str().into(),
            Cell::new(style(check.verdict), check.verdict.as_str()),
            check.seen.as_str().into(),
        ]);
    }
    text.push_str(&table.show(0));
    let ways = || found.checks.iter().filter(|check| !check.way_out.is_empty());
    if ways().next().is_some() {
        text.push('\n');
    }
    for check in ways() {
        let verdict = styled(style(check.verdict), check.verdict.as_str());
        text.push_str(&format!("{verdict}: {}: {}\n", clean(&check.what), clean(&check.way_out)));
    }
    text.push_str(&format!("\n{}\n", summary(found)));
    text
}

fn style(verdict: Verdict) -> anstyle::Style {
    match verdict {
        Verdict::Ok => GOOD,
        Verdict::Warning => MOVING,
        Verdict::Failure => BAD,
    }
}

const STYLE: &str = "\
body { font-family: sans-serif; margin: 2em; }
table { border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: 0.3em 0.8em; border-bottom: 1px solid #ccc; }
.ok { color: #060; } .warning { color: #850; } .failure { color: #a00; font-weight: bold; }";

/// A page that needs nothing else. Whatever comes from the cluster is escaped.
fn page(found: &Validation) -> String {
    let title = format!("{}: validation of {}", escaped(&found.cluster), moment(found.at_ms));
    let mut page = String::new();
    // Writing into a String cannot fail.
    let _ = write!(
        page,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <style>\n{STYLE}\n</style>\n</head>\n<body>\n<h1>Cluster {}</h1>\n<p>Seen from {} at {}. {}.</p>\n\
         <table>\n<tr><th>Area</th><th>Check</th><th>Is</th><th>Seen</th><th>Way out</th></tr>\n",
        escaped(&found.cluster),
        escaped(&found.node),
        moment(found.at_ms),
        summary(found),
    );
    for Check { area, what, verdict, seen, way_out } in &found.checks {
        let (area, what, seen, way_out) = (escaped(area), escaped(what), escaped(seen), escaped(way_out));
        let word = verdict.as_str();
        let _ = writeln!(
            page,
            "<tr><td>{area}</td><td>{what}</td><td class=\"{word}\">{word}</td><td>{seen}</td><td>{way_out}</td></tr>"
        );
    }
    page.push_str("</table>\n</body>\n</html>\n");
    page
}

fn escaped(text: &str) -> String {
    clean(text).chars().fold(String::new(), |mut all, c| {
        match c {
            '&' => all.push_str("&amp;"),
            '<' => all.push_str("&lt;"),
            '>' => all.push_str("&gt;"),
            '"' => all.push_str("&quot;"),
            '\'' => all.push_str("&#39;"),
            c => all.push(c),
        }
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Validation {
        Validation {
            cluster: "demo <b>".into(),
            node: "n1".into(),
            at_ms: 1_000_000,
            checks: vec![
                Check::ok("database", "journal", "every page of it is sound"),
                Check::bad(Verdict::Warning, "clock", "kept by", "nobody\x1b[31m", "run chrony"),
                Check::bad(Verdict::Failure, "types", "library of '<script>'", "a & \"b\"", "mend it"),
            ],
        }
    }

    #[test]
    fn the_report_in_words() {
        let shown = anstream::adapter::strip_str(&text(&sample())).to_string();
        insta::assert_snapshot!(shown.replace(&moment(1_000_000), "THEN"));
    }

    #[test]
    fn the_page_escapes_what_comes_from_outside() {
        let page = page(&sample());
        assert!(!page.contains("<script>") && !page.contains("demo <b>") && !page.contains('\x1b'), "{page}");
        insta::assert_snapshot!(page.replace(&moment(1_000_000), "THEN"));
    }

    #[test]
    fn the_document_is_stable() {
        insta::assert_snapshot!(serde_json::to_string_pretty(&ValidationDocument::from(&sample())).unwrap());
    }

    #[test]
    fn the_worst_decides() {
        let mut found = sample();
        assert_eq!(worst(&found), Verdict::Failure);
        found.checks.pop();
        assert_eq!(worst(&found), Verdict::Warning);
        found.checks.clear();
        assert_eq!(worst(&found), Verdict::Ok);
    }
}
