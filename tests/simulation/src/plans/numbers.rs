//! Numbers that are drawn for a case.

use std::fmt::Display;

use fastrand::Rng;

/// A command line that grows.
#[derive(Default)]
pub struct Line(pub Vec<String>);

impl Line {
    /// Adds an option.
    pub fn put(&mut self, name: &str, value: impl Display) {
        self.0.extend([name.to_owned(), value.to_string()]);
    }

    /// Returns whether an option is there.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|part| part == name)
    }

    /// Returns the values of an option, each time that it is there.
    pub fn values_mut(&mut self, name: &str) -> impl Iterator<Item = &mut String> {
        let options = self.0.chunks_exact_mut(2);
        options.filter_map(move |option| match option {
            [of, value] if of == name => Some(value),
            _ => None,
        })
    }
}

/// Draws numbers.
pub struct Draw(Rng);

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self(Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// Returns whether something comes true that does so in so many of 100 cases.
    pub fn chance(&mut self, percent: u32) -> bool {
        self.0.u32(..100) < percent
    }

    pub fn below(&mut self, bound: u32) -> u32 {
        self.0.u32(..bound.max(1))
    }

    pub fn choice<T: Copy>(&mut self, of: &[T]) -> T {
        let place = self.0.usize(..of.len());
        *of.get(place).expect("it is below the length")
    }

    /// Draws a number that is as likely between 1 and 10 as between 10 and 100.
    pub fn about(&mut self, from: f64, to: f64) -> f64 {
        from * (to / from).powf(self.0.f64())
    }

    pub fn whole(&mut self, from: u32, to: u32) -> u32 {
        self.about(f64::from(from), f64::from(to)).round() as u32
    }
}
