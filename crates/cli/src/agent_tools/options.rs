//! The options of the tools, as agents give them.

use std::env;

use clap::{ArgAction, Parser, ValueEnum};

use super::attributes::{Attribute, Lifetime, Store};
use super::{Failure, Wish, code};

/// Shows and changes attributes of nodes, and of the cluster.
#[derive(Debug, Default, Parser)]
#[command(name = "crm_attribute", args_override_self = true)]
pub(super) struct CrmAttribute {
    /// The attribute
    #[arg(short = 'n', long)]
    pub(super) name: Option<String>,
    /// Show its value; so does a call without this, -v and -D
    #[arg(short = 'G', long, alias = "get-value")]
    pub(super) query: bool,
    /// Set it to this value
    #[arg(short = 'v', long, alias = "attr-value", allow_hyphen_values = true)]
    pub(super) update: Option<String>,
    /// Delete it
    #[arg(short = 'D', long, alias = "delete-attr")]
    pub(super) delete: bool,
    /// nodes, status or crm_config
    #[arg(short = 't', long = "type")]
    pub(super) scope: Option<String>,
    /// The node; without it the one on which this is called
    #[arg(short = 'N', long, short_alias = 'U', alias = "uname")]
    pub(super) node: Option<String>,
    /// The promotion score of this resource; without a name of the one that OCF_RESOURCE_INSTANCE names
    #[arg(short = 'p', long, num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(super) promotion: Option<String>,
    /// How long it stays
    #[arg(short = 'l', long)]
    pub(super) lifetime: Option<LifetimeWord>,
    /// The value to show where there is none
    #[arg(short = 'd', long, allow_hyphen_values = true)]
    pub(super) default: Option<String>,
    /// Show the value alone
    #[arg(short = 'q', long, short_alias = 'Q')]
    pub(super) quiet: bool,
    /// Of no meaning here
    #[arg(short = 's', long)]
    pub(super) set_name: Option<String>,
    /// Of no meaning here
    #[arg(short = 'i', long)]
    pub(super) id: Option<String>,
    /// Of no meaning here
    #[arg(short = 'V', long, action = ArgAction::Count)]
    pub(super) verbose: u8,
    /// Not there
    #[arg(short = 'z', long)]
    pub(super) utilization: bool,
    /// Not there
    #[arg(short = 'P', long)]
    pub(super) pattern: Option<String>,
}

/// How long an attribute stays, in the words of the tools.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum LifetimeWord {
    Forever,
    Reboot,
}

impl CrmAttribute {
    pub(super) fn wish(&self) -> Wish {
        match &self.update {
            _ if self.delete => Wish::Delete,
            Some(value) if !self.query => Wish::Update(value.clone()),
            _ => Wish::Query,
        }
    }

    pub(super) fn refuse_what_is_not_there(&self) -> Result<(), Failure> {
        let scope = self.scope.as_deref();
        if self.utilization || self.pattern.is_some() {
            return Err(not_there("utilization attributes and patterns are not there"));
        }
        if !matches!(scope, None | Some("nodes" | "status" | "crm_config")) {
            let scope = scope.unwrap_or_default();
            return Err(not_there(format!(
                "there is no type '{scope}': nodes, status and crm_config are there"
            )));
        }
        if self.name.is_none() && self.promotion.is_none() {
            return Err(Failure::new(code::USAGE, "which attribute? Say --name"));
        }
        refuse_sums(self.update.as_deref())
    }

    fn is_of_cluster(&self) -> bool {
        match self.scope.as_deref() {
            Some("crm_config") => true,
            Some(_) => false,
            None => self.node.is_none() && self.lifetime.is_none() && self.promotion.is_none(),
        }
    }

    fn is_until_boot(&self) -> bool {
        match (self.lifetime, self.scope.as_deref()) {
            (Some(lifetime), _) => lifetime == LifetimeWord::Reboot,
            (None, Some(scope)) => scope == "status",
            (None, None) => self.promotion.is_some(),
        }
    }

    /// Which one is meant.
    pub(super) fn attribute(&self, store: &mut Store) -> Result<Attribute, Failure> {
        let name = match &self.promotion {
            None => self.name.clone().unwrap_or_default(),
            Some(resource) => score_of(resource)?,
        };
        if self.is_of_cluster() {
            return Ok(Attribute { node: None, name, lifetime: Lifetime::Forever });
        }
        let lifetime = if self.is_until_boot() { Lifetime::UntilBoot } else { Lifetime::Forever };
        Ok(Attribute { node: Some(store.node_name(self.node.as_deref())?), name, lifetime })
    }

    /// A value as it is printed.
    pub(super) fn shown(&self, attribute: &Attribute, value: &str) -> String {
        if self.quiet {
            return format!("{value}\n");
        }
        let scope = match (&attribute.node, attribute.lifetime) {
            (None, _) => "crm_config",
            (Some(_), Lifetime::Forever) => "nodes",
            (Some(_), Lifetime::UntilBoot) => "status",
        };
        format!("scope={scope}  name={} value={value}\n", attribute.name)
    }
}

/// The promotion score of a resource, the caller's own where none is named.
fn score_of(resource: &str) -> Result<String, Failure> {
    let resource = match resource {
        "" => env::var("OCF_RESOURCE_INSTANCE").unwrap_or_default(),
        given => given.to_owned(),
    };
    if resource.is_empty() {
        let text = "whose promotion score? OCF_RESOURCE_INSTANCE is not set";
        return Err(Failure::new(code::USAGE, text));
    }
    Ok(format!("master-{resource}"))
}

/// Shows and changes the promotion score of a resource.
#[derive(Debug, Parser)]
#[command(name = "crm_master", args_override_self = true)]
pub(super) struct CrmMaster {
    /// Show it
    #[arg(short = 'G', long)]
    query: bool,
    /// Set it
    #[arg(short = 'v', long, allow_hyphen_values = true)]
    update: Option<String>,
    /// Delete it
    #[arg(short = 'D', long)]
    delete: bool,
    /// The node; without it the one on which this is called
    #[arg(short = 'N', long, short_alias = 'U', alias = "uname")]
    node: Option<String>,
    /// The resource; without it the one that OCF_RESOURCE_INSTANCE names
    #[arg(short = 'r', long)]
    resource: Option<String>,
    /// How long it stays
    #[arg(short = 'l', long)]
    lifetime: Option<LifetimeWord>,
    /// Show the value alone
    #[arg(short = 'q', long, short_alias = 'Q')]
    quiet: bool,
    /// Of no meaning here
    #[arg(short = 'V', long, action = ArgAction::Count)]
    verbose: u8,
}

impl CrmMaster {
    pub(super) fn into_attribute(self) -> Result<CrmAttribute, Failure> {
        if !self.query && !self.delete && self.update.is_none() {
            return Err(Failure::new(code::USAGE, "what is asked for? -G, -v VALUE or -D"));
        }
        Ok(CrmAttribute {
            promotion: Some(self.resource.unwrap_or_default()),
            query: self.query,
            update: self.update,
            delete: self.delete,
            node: self.node,
            lifetime: self.lifetime,
            quiet: self.quiet,
            ..CrmAttribute::default()
        })
    }
}

/// Shows and changes attributes of nodes that stay until the node boots.
#[derive(Debug, Parser)]
#[command(name = "attrd_updater", args_override_self = true)]
pub(super) struct AttrdUpdater {
    /// The attribute
    #[arg(short = 'n', long)]
    name: Option<String>,
    /// Set it to this value
    #[arg(short = 'U', long, short_alias = 'v', alias = "value", allow_hyphen_values = true)]
    update: Option<String>,
    /// The same
    #[arg(short = 'B', long, allow_hyphen_values = true)]
    update_both: Option<String>,
    /// Nothing is done for it: no change is delayed
    #[arg(short = 'Y', long)]
    update_delay: bool,
    /// Show its value
    #[arg(short = 'Q', long)]
    query: bool,
    /// Delete it
    #[arg(short = 'D', long)]
    delete: bool,
    /// Nothing is done for it: what is set is stored
    #[arg(short = 'R', long)]
    refresh: bool,
    /// Show those of all nodes
    #[arg(short = 'A', long = "all")]
    pub(super) all_nodes: bool,
    /// The node; without it the one on which this is called
    #[arg(short = 'N', long)]
    pub(super) node: Option<String>,
    /// Of no meaning here: no change is delayed
    #[arg(short = 'd', long)]
    delay: Option<String>,
    /// Of no meaning here
    #[arg(short = 'S', long, alias = "section")]
    set: Option<String>,
    /// Of no meaning here: it is as others are
    #[arg(short = 'p', long)]
    private: bool,
    /// Of no meaning here: the call ends when it is done
    #[arg(short = 'W', long)]
    wait: Option<String>,
    /// Of no meaning here
    #[arg(short = 'q', long)]
    quiet: bool,
    /// Of no meaning here
    #[arg(short = 'V', long, action = ArgAction::Count)]
    verbose: u8,
    /// Not there
    #[arg(short = 'P', long)]
    pattern: Option<String>,
}

impl AttrdUpdater {
    /// What is to be done; `None` where nothing has to be.
    pub(super) fn wish(&self) -> Option<Wish> {
        let value = self.update.as_ref().or(self.update_both.as_ref());
        match value {
            _ if self.query => Some(Wish::Query),
            _ if self.delete => Some(Wish::Delete),
            Some(value) => Some(Wish::Update(value.clone())),
            None if self.refresh || self.update_delay => None,
            None => Some(Wish::Query),
        }
    }

    pub(super) fn name(&self) -> Result<&str, Failure> {
        self.name.as_deref().ok_or_else(|| Failure::new(code::USAGE, "which attribute? Say --name"))
    }

    pub(super) fn refuse_what_is_not_there(&self) -> Result<(), Failure> {
        if self.pattern.is_some() {
            return Err(not_there("patterns are not there"));
        }
        refuse_sums(self.update.as_deref().or(self.update_both.as_deref()))
    }
}

/// Says who the nodes are.
#[derive(Debug, Parser)]
#[command(name = "crm_node", args_override_self = true)]
pub(super) struct CrmNode {
    /// The name of the node on which this is called
    #[arg(short = 'n', long)]
    pub(super) name: bool,
    /// The name of the node with this number
    #[arg(short = 'N', long)]
    pub(super) name_for_id: Option<String>,
    /// The number of the node on which this is called
    #[arg(short = 'i', long)]
    pub(super) cluster_id: bool,
    /// All nodes
    #[arg(short = 'l', long)]
    pub(super) list: bool,
    /// The names of those that are up
    #[arg(short = 'p', long)]
    pub(super) partition: bool,
    /// Whether the cluster may decide
    #[arg(short = 'q', long)]
    pub(super) quorum: bool,
    /// Of no meaning here
    #[arg(short = 'Q', long)]
    quiet: bool,
    /// Of no meaning here
    #[arg(short = 'V', long, action = ArgAction::Count)]
    verbose: u8,
    /// Not there
    #[arg(short = 'R', long)]
    pub(super) remove: Option<String>,
    /// Not there
    #[arg(short = 'f', long)]
    pub(super) force: bool,
}

fn not_there(text: impl Into<String>) -> Failure {
    Failure::new(code::NOT_IMPLEMENTED, text)
}

/// A value like `x++` or `x+=2` would be one that is counted up, which is not there.
fn refuse_sums(value: Option<&str>) -> Result<(), Failure> {
    match value {
        Some(value) if value.ends_with("++") || value.contains("+=") => {
            let text = format!("'{value}' would be counted up, which is not there; give the value itself");
            Err(Failure::new(code::USAGE, text))
        }
        _ => Ok(()),
    }
}
