//! Decodes internally tagged enums without a buffer.
//!
//! For an internally tagged enum, serde buffers each object until it knows the tag, and decodes the fields from the buffer.
//! Every type inside is then compiled a second time for the buffer, which the browser's wasm has no bytes for. There,
//! [`crate::ServerFrame`] is derived as an externally tagged enum, and [`TaggedObject`] presents the JSON object to it as
//! one: it reads the text twice, first for the tag and then for the fields.

use serde::{
    Deserialize,
    de::{DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, VariantAccess, Visitor},
};
use serde_json::Error;

/// A JSON object whose `type` names the variant.
pub(crate) struct TaggedObject<'de> {
    tag: String,
    text: &'de str,
}

impl<'de> TaggedObject<'de> {
    /// Reads the tag.
    ///
    /// # Errors
    /// The text is not a JSON object with a `type`.
    pub(crate) fn new(text: &'de str) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Tag {
            r#type: String,
        }
        let Tag { r#type: tag } = serde_json::from_str(text)?;
        Ok(Self { tag, text })
    }
}

impl<'de> Deserializer<'de> for TaggedObject<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_enum(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> EnumAccess<'de> for TaggedObject<'de> {
    type Error = Error;
    type Variant = Fields<'de>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self::Variant), Error> {
        Ok((seed.deserialize(self.tag.into_deserializer())?, Fields(self.text)))
    }
}

/// The fields of the variant: those of the object, with the tag as an unknown one.
pub(crate) struct Fields<'de>(&'de str);

impl<'de> VariantAccess<'de> for Fields<'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(&mut serde_json::Deserializer::from_str(self.0))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("an object has no tuple variants"))
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        serde_json::Deserializer::from_str(self.0).deserialize_struct("", fields, visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner {
        name: String,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Frame {
        Welcome {
            you: Inner,
            #[serde(default)]
            rooms: Vec<Inner>,
        },
        RoomEvent(Inner),
        Empty,
        #[serde(other)]
        Unknown,
    }

    fn decode(text: &str) -> Option<Frame> {
        TaggedObject::new(text).and_then(Frame::deserialize).ok()
    }

    #[test]
    fn the_tag_may_be_anywhere_and_unknown_ones_are_read() {
        let inner = |name: &str| Inner { name: name.into() };
        let welcome = Frame::Welcome { you: inner("Ann"), rooms: vec![inner("lobby")] };
        assert_eq!(
            decode(r#"{"you":{"name":"Ann"},"rooms":[{"name":"lobby"}],"new":[1],"type":"welcome"}"#),
            Some(welcome)
        );
        assert_eq!(decode(r#"{"type":"room_event","name":"a\"b"}"#), Some(Frame::RoomEvent(inner("a\"b"))));
        assert_eq!(decode(r#"{"type":"empty"}"#), Some(Frame::Empty));
        assert_eq!(decode(r#"{"type":"of_a_newer_server","name":1}"#), Some(Frame::Unknown));
    }

    #[test]
    fn what_is_incomplete_or_not_an_object_with_a_tag_is_refused() {
        for text in [r#"{"type":"welcome"}"#, r#"{"type":"room_event","name":1}"#, r#"{"name":"a"}"#, "[]", "", "null"]
        {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
