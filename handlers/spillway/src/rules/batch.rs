//! Batches: several object events in one execution.

use std::collections::HashSet;
use std::hash::Hash;

/// Object events of one execution, at most.
pub const MAX_EVENTS: u32 = 100;

/// Bytes of one execution's input, at most: Step Functions takes 256 KiB, and this leaves room for
/// the fields around the objects.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
pub const MAX_INPUT_BYTES: usize = 240 * 1024;

/// The properties of a received object event that decide its batch.
pub trait Member {
    fn attempt(&self) -> u32;
    /// Returns the object, for all its versions: a batch never holds two versions of one.
    fn object(&self) -> impl Eq + Hash;
    /// Returns the bytes it takes in the execution's input.
    fn bytes(&self) -> usize;
}

/// Takes the members of the next execution out of those received, which are in the order they came.
///
/// A batch closes at `most` members or before [`MAX_INPUT_BYTES`], or, when no more are `coming`,
/// with those received. An attempt after the first runs alone, so that one bad object never fails
/// its neighbours twice.
pub fn next<M: Member>(received: &mut Vec<M>, most: usize, coming: bool) -> Option<Vec<M>> {
    if let Some(index) = received.iter().position(|member| member.attempt() > 1) {
        return Some(vec![received.remove(index)]);
    }
    let (mut objects, mut bytes, mut count, mut full) = (HashSet::new(), 0, 0, false);
    let mut chosen = Vec::with_capacity(received.len());
    for member in received.iter() {
        full = full || count >= most;
        let own = if full { 0 } else { member.bytes() };
        full = full || (count > 0 && bytes + own > MAX_INPUT_BYTES);
        let chooses = !full && objects.insert(member.object());
        if chooses {
            bytes += own;
            count += 1;
        }
        chosen.push(chooses);
    }
    // Twice as many as fit and still not full: they are versions of the same objects.
    let crowded = received.len() >= 2 * most;
    if count == 0 || (coming && count < most && !full && !crowded) {
        return None;
    }
    drop(objects);
    let mut rest = Vec::new();
    let mut batch = Vec::new();
    for (member, chooses) in received.drain(..).zip(chosen) {
        if chooses {
            batch.push(member)
        } else {
            rest.push(member)
        }
    }
    *received = rest;
    Some(batch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Clone, PartialEq)]
    struct Event(u32, String, usize);

    impl Member for Event {
        fn attempt(&self) -> u32 {
            self.0
        }
        fn object(&self) -> impl Eq + Hash {
            &self.1
        }
        fn bytes(&self) -> usize {
            self.2
        }
    }

    fn events(objects: &[&str]) -> Vec<Event> {
        objects
            .iter()
            .map(|&object| Event(1, object.into(), 100))
            .collect()
    }

    #[test]
    fn a_batch_goes_out_when_it_is_full() {
        let mut received = events(&["a", "b", "c"]);
        assert_eq!(next(&mut received, 4, true), None);
        assert_eq!(next(&mut received, 2, true), Some(events(&["a", "b"])));
        assert_eq!(received, events(&["c"]));
    }

    #[test]
    fn a_batch_goes_out_when_nothing_more_comes() {
        let mut received = events(&["a", "b"]);
        assert_eq!(next(&mut received, 4, false), Some(events(&["a", "b"])));
        assert_eq!(next(&mut received, 4, false), None);
    }

    #[test]
    fn a_batch_holds_one_version_of_an_object() {
        let mut received = events(&["a", "a", "b"]);
        assert_eq!(next(&mut received, 2, true), Some(events(&["a", "b"])));
        assert_eq!(received, events(&["a"]));
        let mut same = events(&["a", "a", "a", "a"]);
        assert_eq!(
            next(&mut same, 2, true),
            Some(events(&["a"])),
            "it would never be full"
        );
    }

    #[test]
    fn a_later_attempt_runs_alone() {
        let mut received = events(&["a", "b"]);
        received.push(Event(2, "c".into(), 100));
        let alone = next(&mut received, 100, true).unwrap();
        assert_eq!(alone, [Event(2, "c".into(), 100)]);
        assert_eq!(received, events(&["a", "b"]));
    }

    #[test]
    fn a_batch_is_cut_before_its_input_grows_too_large() {
        let large = |object: &str| Event(1, object.into(), MAX_INPUT_BYTES / 2);
        let mut received = vec![large("a"), large("b"), large("c")];
        let batch = next(&mut received, 100, true).unwrap();
        assert_eq!(batch, [large("a"), large("b")]);
    }

    proptest! {
        /// Every received event goes into exactly one execution, and no execution holds too much.
        #[test]
        fn none_is_lost_and_none_goes_twice(
            objects in proptest::collection::vec((1u32..3, "[a-d]", 1usize..150_000), 0..40), most in 1usize..12,
        ) {
            let all: Vec<Event> = objects.into_iter().map(|(attempt, object, bytes)| Event(attempt, object, bytes)).collect();
            let mut received = all.clone();
            let mut gone = Vec::new();
            while let Some(batch) = next(&mut received, most, false) {
                prop_assert!(!batch.is_empty() && batch.len() <= most);
                prop_assert!(batch.len() == 1 || batch.iter().all(|event| event.0 == 1));
                prop_assert!(batch.len() == 1 || batch.iter().map(|event| event.2).sum::<usize>() <= MAX_INPUT_BYTES);
                let distinct: HashSet<_> = batch.iter().map(|event| &event.1).collect();
                prop_assert_eq!(distinct.len(), batch.len());
                gone.extend(batch);
            }
            prop_assert!(received.is_empty());
            prop_assert_eq!(gone.len(), all.len());
        }
    }
}
