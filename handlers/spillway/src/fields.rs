//! A JSON object and nothing else. What serde derives for a struct takes an array too, as the fields in their order: a
//! message could mean what it does not say.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::{Serialize, Serializer};

/// The fields of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields<T>(pub T);

struct OnlyAnObject<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OnlyAnObject<T> {
    type Value = Fields<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Fields)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Fields<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OnlyAnObject(PhantomData))
    }
}

impl<T: Serialize> Serialize for Fields<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize, Serialize)]
    struct Pair {
        first: u8,
        second: Option<String>,
    }

    #[test]
    fn an_object_is_read_and_written_as_its_fields() {
        let read: Fields<Pair> = serde_json::from_str(r#"{"first":1,"other":2}"#).unwrap();
        let (first, second) = (1, None);
        assert_eq!(read, Fields(Pair { first, second }));
        assert_eq!(
            serde_json::to_string(&read).unwrap(),
            r#"{"first":1,"second":null}"#
        );
    }

    #[test]
    fn an_array_is_refused() {
        // What the derived struct makes of it.
        assert!(serde_json::from_str::<Pair>(r#"[1,"x"]"#).is_ok());
        let error = serde_json::from_str::<Fields<Pair>>(r#"[1,"x"]"#).unwrap_err();
        assert!(error.to_string().contains("expected an object"), "{error}");
    }
}
