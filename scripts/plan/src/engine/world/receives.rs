//! Messages: they become visible, are received, and come back.

use spillway::Millis;
use spillway::protocol::receiving::{Ended, Poll};

use super::{Answered, ENTRIES, Event, Of, UnderWay, World};
use crate::engine::queue::{LaneQueue, Message};

impl World<'_> {
    /// Begins a poll.
    pub fn poll(&mut self, poll: Poll) {
        let most = poll.most as usize;
        let first = match poll.side_by_side {
            true => most,
            false => most.min(ENTRIES),
        };
        self.answers.counted.receives += first.div_ceil(ENTRIES) as u64;
        self.begin(UnderWay {
            lane: poll.lane,
            most: first,
            then: most - first,
            wait_seconds: poll.wait_seconds,
            waits_since: None,
            messages: Vec::new(),
            of: Of::Poll(poll),
        });
    }

    /// Receives side by side for a filling.
    pub fn receive(&mut self, filling: usize, lane: usize, most: &[u32], wait_seconds: u32) {
        self.answers.counted.receives += most.len() as u64;
        self.begin(UnderWay {
            lane,
            most: most.iter().sum::<u32>() as usize,
            then: 0,
            wait_seconds,
            waits_since: None,
            messages: Vec::new(),
            of: Of::Filling(filling),
        });
    }

    fn begin(&mut self, under_way: UnderWay) {
        let number = self.receives.keep(under_way);
        let at = self.now + self.call() / 2;
        self.calendar.put(at, Event::Receives(number));
    }

    /// Makes messages visible again that nobody works on.
    pub fn hand_back(&mut self, messages: Vec<Message>) {
        self.answers.counted.sends += messages.len().div_ceil(ENTRIES) as u64;
        for message in messages {
            let at = self.now + self.call() / 2;
            self.calendar.put(at, Event::Visible(message));
        }
    }

    pub(super) fn visible(&mut self, message: Message) {
        let Some(lane) = self.lanes.get_mut(usize::from(message.lane)) else {
            return;
        };
        let wakes = lane.put(message);
        self.waits_more(1);
        // All that comes at one time is there when the poll looks.
        if wakes {
            let lane = usize::from(message.lane);
            self.calendar.put(self.now, Event::Wakes(lane));
        }
    }

    pub(super) fn wakes(&mut self, lane: usize) {
        while let Some(number) = self.lanes.get_mut(lane).and_then(LaneQueue::wakes) {
            self.receives(number, true);
        }
    }

    /// Lets a receive take effect. `woken`: it waited, and by one call.
    pub(super) fn receives(&mut self, number: usize, woken: bool) {
        let call = self.call();
        let Some(under_way) = self.receives.get_mut(number) else {
            return;
        };
        let Some(lane) = self.lanes.get_mut(under_way.lane) else {
            return;
        };
        let most = match woken {
            true => under_way.most.min(ENTRIES),
            false => under_way.most,
        };
        let messages = lane.take(most);
        if messages.is_empty() && under_way.messages.is_empty() && under_way.wait_seconds > 0 {
            lane.wait(number);
            under_way.waits_since = Some(self.now);
            let until = self.now + Millis::from(under_way.wait_seconds) * 1_000;
            self.calendar.put(until, Event::GivesUp(number, self.now));
            return;
        }
        self.waiting -= messages.len();
        let full = messages.len() == most;
        under_way.messages.extend(messages);
        let then = std::mem::take(&mut under_way.then);
        if then > 0 && full {
            under_way.most = then;
            self.answers.counted.receives += 1;
            self.calendar.put(self.now + call, Event::Receives(number));
        } else {
            let at = self.now + call - call / 2;
            self.calendar.put(at, Event::Answered(number));
        }
        self.look();
    }

    pub(super) fn gives_up(&mut self, number: usize, since: Millis) {
        let Some(under_way) = self.receives.get_mut(number) else {
            return;
        };
        if under_way.waits_since != Some(since) {
            return;
        }
        let Some(lane) = self.lanes.get_mut(under_way.lane) else {
            return;
        };
        if lane.give_up(number) {
            let at = self.now + self.call() - self.call() / 2;
            self.calendar.put(at, Event::Answered(number));
        }
    }

    pub(super) fn is_answered(&mut self, number: usize) {
        let Some(UnderWay { messages, of, .. }) = self.receives.take(number) else {
            return;
        };
        self.answers_with(match of {
            Of::Poll(poll) => Answered::Polled {
                ended: Ended::of(&poll, messages.len()),
                messages,
                permits: poll.permits,
            },
            Of::Filling(filling) => Answered::Received { filling, messages },
        });
    }
}
