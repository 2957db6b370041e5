//! Things that are under way, by numbers that are used again.

/// Things by number.
#[derive(Debug)]
pub struct Slab<T> {
    all: Vec<Option<T>>,
    free: Vec<usize>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Slab<T> {
    pub fn new() -> Self {
        Self {
            all: Vec::new(),
            free: Vec::new(),
        }
    }

    /// Keeps a thing. Returns its number.
    pub fn keep(&mut self, thing: T) -> usize {
        match self.free.pop() {
            Some(number) => {
                if let Some(place) = self.all.get_mut(number) {
                    *place = Some(thing);
                }
                number
            }
            None => {
                self.all.push(Some(thing));
                self.all.len() - 1
            }
        }
    }

    pub fn get(&self, number: usize) -> Option<&T> {
        self.all.get(number)?.as_ref()
    }

    pub fn get_mut(&mut self, number: usize) -> Option<&mut T> {
        self.all.get_mut(number)?.as_mut()
    }

    /// Returns how many things are under way.
    pub fn len(&self) -> usize {
        self.all.len() - self.free.len()
    }

    /// Takes a thing out.
    pub fn take(&mut self, number: usize) -> Option<T> {
        let thing = self.all.get_mut(number)?.take();
        if thing.is_some() {
            self.free.push(number);
        }
        thing
    }
}
