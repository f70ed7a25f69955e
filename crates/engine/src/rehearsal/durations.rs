//! How long each part took in the past.

use std::collections::BTreeMap;

use mainstay_types::Name;
use mainstay_types::operation::OperationRecord;

use crate::operation::told;

/// Past runs of parts, by resource and action.
#[derive(Clone, Debug, Default)]
pub struct Durations {
    runs_ms: BTreeMap<(String, String), Vec<u64>>,
}

impl Durations {
    /// Reads them from records of the journal. Only parts that came to what they were for count.
    pub fn of<'r>(records: impl IntoIterator<Item = &'r OperationRecord>) -> Self {
        let mut runs_ms: BTreeMap<(String, String), Vec<u64>> = BTreeMap::new();
        for part in records.into_iter().flat_map(|record| &record.parts) {
            let Some(ended_at_ms) = part.ended_at_ms.filter(|_| !part.is_rebuilt) else { continue };
            if matches!(part.outcome.as_str(), told::ONLINE | told::OFFLINE) {
                let key = (part.resource.folded().to_owned(), part.action.clone());
                runs_ms.entry(key).or_default().push(ended_at_ms.saturating_sub(part.began_at_ms));
            }
        }
        runs_ms.values_mut().for_each(|runs| runs.sort_unstable());
        Durations { runs_ms }
    }

    /// The median of the past runs, and how many there were. `None` without any.
    pub fn expected(&self, resource: &Name, action: &str) -> Option<(u64, u32)> {
        let runs = self.runs_ms.get(&(resource.folded().to_owned(), action.to_owned()))?;
        let median = *runs.get(runs.len() / 2)?;
        Some((median, u32::try_from(runs.len()).unwrap_or(u32::MAX)))
    }
}
