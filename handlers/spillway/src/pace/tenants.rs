//! The bound of each tenant: how many of its executions can run at once, over all lanes.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use thiserror::Error;

use crate::event::tenant::{By, ByError};
use crate::pace::capacity::Capacity;
use crate::pace::layout::Shard;

/// Tenants as the pipeline's owner bounds them.
#[derive(Debug, Clone)]
pub struct TenantBound {
    /// How a key tells its tenant.
    pub by: By,
    /// Executions of one tenant that run at once, at least 1.
    pub max_concurrency: u32,
}

/// A bound of tenants that is none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TenantBoundError {
    #[error("{0}")]
    Json(String),
    #[error("by {0}")]
    By(#[from] ByError),
    #[error("max_concurrency is 0: give at least 1, or pause the pipeline")]
    MaxConcurrency,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    by: String,
    max_concurrency: u32,
}

/// Parses the JSON object that the module writes.
pub fn parse(text: &str) -> Result<TenantBound, TenantBoundError> {
    let written: Written =
        serde_json::from_str(text).map_err(|error| TenantBoundError::Json(error.to_string()))?;
    if written.max_concurrency == 0 {
        return Err(TenantBoundError::MaxConcurrency);
    }
    Ok(TenantBound {
        by: By::parse(&written.by)?,
        max_concurrency: written.max_concurrency,
    })
}

/// Slots by the tenant of their object. Those without a tenant are not in it.
pub type ByTenant = BTreeMap<String, u32>;

/// The slots that each tenant has taken or reserved.
#[derive(Debug, Clone)]
pub struct Tenants {
    max: u32,
    /// Those without a slot and without a reservation are forgotten.
    by_name: HashMap<String, Capacity>,
}

impl Tenants {
    pub fn new(max: u32) -> Self {
        Self {
            max,
            by_name: HashMap::new(),
        }
    }

    /// Returns how many slots a tenant can still reserve.
    pub fn free(&self, tenant: &str) -> u32 {
        self.by_name.get(tenant).map_or(self.max, Capacity::free)
    }

    /// Returns how many slots a tenant has taken, as far as is known.
    pub fn taken(&self, tenant: &str) -> u32 {
        self.by_name.get(tenant).map_or(0, Capacity::taken)
    }

    fn of(&mut self, tenant: &str) -> &mut Capacity {
        let max = self.max;
        let of = self.by_name.entry(tenant.to_owned());
        of.or_insert_with(|| Capacity::new(max))
    }

    /// Reserves a slot for a tenant. Returns `false` if its bound is reached.
    pub fn reserve(&mut self, tenant: &str) -> bool {
        self.of(tenant).reserve(1) == 1
    }

    /// Returns the tenants without room that have slots, not reservations alone.
    pub fn at_bound(&self) -> impl Iterator<Item = &str> {
        let full = |of: &Capacity| of.free() == 0 && of.taken() > 0;
        let at_bound = self.by_name.iter().filter(move |(_, of)| full(of));
        at_bound.map(|(tenant, _)| tenant.as_str())
    }

    /// Gives back a reservation for which no slot was put.
    pub fn give_back(&mut self, tenant: &str) {
        let of = self.of(tenant);
        of.give_back(1);
        if of.used() == 0 {
            self.by_name.remove(tenant);
        }
    }

    /// Records that a reservation became a slot in this shard.
    pub fn slot_put(&mut self, tenant: &str, shard: Shard) {
        self.of(tenant).slot_put(shard);
    }

    /// Begins a count, right before the strongly consistent query of a shard.
    pub fn count_begins(&mut self, shard: Shard) {
        let all = self.by_name.values_mut();
        all.for_each(|capacity| capacity.count_begins(shard));
    }

    /// Ends a count with the query's answer.
    pub fn count_ends(&mut self, shard: Shard, slots: &ByTenant) {
        for (tenant, capacity) in &mut self.by_name {
            let counted = slots.get(tenant).copied().unwrap_or_default();
            capacity.count_ends(shard, counted);
        }
        for (tenant, counted) in slots {
            if !self.by_name.contains_key(tenant) {
                self.of(tenant).count_ends(shard, *counted);
            }
        }
        self.forget_unused();
    }

    fn forget_unused(&mut self) {
        self.by_name.retain(|_, capacity| capacity.used() > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pace::layout::Layout;
    use proptest::prelude::*;

    #[test]
    fn a_tenant_reserves_up_to_its_bound_and_no_other_is_held_up() {
        let mut tenants = Tenants::new(2);
        assert!(tenants.reserve("a") && tenants.reserve("a") && !tenants.reserve("a"));
        assert!(tenants.reserve("b"));
        tenants.slot_put("a", Shard::default());
        tenants.give_back("a");
        assert_eq!((tenants.free("a"), tenants.taken("a")), (1, 1));
    }

    #[test]
    fn a_bound_is_parsed_or_refused_with_the_remedy() {
        let bound = parse(r#"{"by": "2", "max_concurrency": 5}"#).unwrap();
        assert_eq!(bound.max_concurrency, 5);
        assert_eq!(bound.by.tenant_of("in/acme/a").as_deref(), Some("acme"));
        let problem = |text: &str| parse(text).map(|_| ()).unwrap_err().to_string();
        let none = problem(r#"{"by": "2", "max_concurrency": 0}"#);
        assert!(none.contains("at least 1"), "{none}");
        assert!(problem(r#"{"by": "0", "max_concurrency": 1}"#).contains("segment 0"));
        assert!(problem(r#"{"by": "1"}"#).contains("max_concurrency"));
    }

    #[test]
    fn a_count_frees_and_takes() {
        let mut tenants = Tenants::new(2);
        tenants.count_begins(Shard::default());
        tenants.count_ends(Shard::default(), &ByTenant::from([("a".into(), 3)]));
        assert_eq!((tenants.free("a"), tenants.free("b")), (0, 2));
        tenants.count_begins(Shard::default());
        tenants.count_ends(Shard::default(), &ByTenant::new());
        assert_eq!(tenants.free("a"), 2);
        assert!(tenants.by_name.is_empty());
    }

    proptest! {
        /// Against the slots that are really there, through any interleaving.
        #[test]
        fn no_tenant_has_more_slots_than_its_bound(
            steps in proptest::collection::vec((0usize..6, 0usize..3, 0usize..2), 0..200),
        ) {
            const MAX: u32 = 2;
            let names = ["a", "b", "c"];
            let shards: Vec<Shard> = Layout::Sixteen.shards().take(2).collect();
            let mut tenants = Tenants::new(MAX);
            let (mut taken, mut reserved) = ([[0u32; 2]; 3], [0u32; 3]);
            let mut seen: [Option<[u32; 3]>; 2] = [None, None];
            for (step, tenant, shard) in steps {
                let name = names[tenant];
                match step {
                    0 => reserved[tenant] += u32::from(tenants.reserve(name)),
                    1 if reserved[tenant] > 0 => {
                        tenants.give_back(name);
                        reserved[tenant] -= 1;
                    }
                    2 if reserved[tenant] > 0 => {
                        tenants.slot_put(name, shards[shard]);
                        reserved[tenant] -= 1;
                        taken[tenant][shard] += 1;
                    }
                    3 => taken[tenant][shard] = taken[tenant][shard].saturating_sub(1),
                    4 if seen[shard].is_none() => {
                        tenants.count_begins(shards[shard]);
                        seen[shard] = Some([0, 1, 2].map(|tenant| taken[tenant][shard]));
                    }
                    5 => if let Some(counts) = seen[shard].take() {
                        let counts = names.iter().zip(counts).filter(|(_, count)| *count > 0);
                        let counts = counts.map(|(name, count)| ((*name).to_owned(), count));
                        tenants.count_ends(shards[shard], &counts.collect());
                    },
                    _ => {}
                }
                for (tenant, name) in names.iter().enumerate() {
                    let really: u32 = taken[tenant].iter().sum::<u32>() + reserved[tenant];
                    prop_assert!(really <= MAX);
                    prop_assert!(tenants.free(name) <= MAX - really);
                }
            }
        }
    }
}
