//! Deserialises from the browser's objects.
//!
//! It reads what the types of this app need, and asks an object for the fields of its type only, in their order. For serde a
//! struct is then a sequence: compiled for each type, that is half the code of a map, whose keys may come in any order and
//! twice. Types with `#[serde(alias)]` cannot be read. An enum is a string, or an object whose `type` or `kind` names the
//! variant: the shared types leave `#[serde(tag)]` out for wasm, which would buffer each object and compile every type inside
//! a second time.

use std::{cell::RefCell, fmt, rc::Rc};

use js_sys::{Array, Reflect};
use serde::{
    Deserializer,
    de::{
        DeserializeOwned, DeserializeSeed, EnumAccess, IntoDeserializer, SeqAccess, VariantAccess, Visitor,
        value::StringDeserializer,
    },
    forward_to_deserialize_any,
};
use wasm_bindgen::{JsCast as _, JsValue};

pub(super) fn decode<T: DeserializeOwned>(value: JsValue) -> Option<T> {
    T::deserialize(Object(value)).ok()
}

/// A value is not of the expected type. Without a text: no code then formats one.
#[derive(Debug)]
struct Mismatch;

impl fmt::Display for Mismatch {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Mismatch {}

impl serde::de::Error for Mismatch {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

struct Object(JsValue);

impl Object {
    fn property(&self, key: &JsValue) -> Result<JsValue, Mismatch> {
        Reflect::get(&self.0, key).map_err(|_| Mismatch)
    }

    fn string(&self) -> Result<String, Mismatch> {
        self.0.as_string().ok_or(Mismatch)
    }

    /// A whole number that a JavaScript number holds exactly.
    fn integer(&self) -> Result<i64, Mismatch> {
        const MAX: f64 = 9_007_199_254_740_991.0;
        let number = self.0.as_f64().filter(|number| number.abs() <= MAX && number.trunc() == *number);
        #[allow(clippy::cast_possible_truncation)]
        number.map(|number| number as i64).ok_or(Mismatch)
    }
}

impl<'de> Deserializer<'de> for Object {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Mismatch> {
        Err(Mismatch)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_bool(self.0.as_bool().ok_or(Mismatch)?)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_i64(self.integer()?)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_u64(u64::try_from(self.integer()?).map_err(|_| Mismatch)?)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_string(self.string()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_string(self.string()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        let array = self.0.dyn_into().map_err(|_| Mismatch)?;
        visitor.visit_seq(Elements { array, next: 0 })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_seq(Fields { object: self, keys: keys(fields), next: 0 })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_enum(self)
    }

    forward_to_deserialize_any! {
        i8 i16 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct map identifier ignored_any
    }
}

struct Elements {
    array: Array,
    next: u32,
}

impl<'de> SeqAccess<'de> for Elements {
    type Error = Mismatch;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Mismatch> {
        if self.next == self.array.length() {
            return Ok(None);
        }
        let element = self.array.get(self.next);
        self.next += 1;
        seed.deserialize(Object(element)).map(Some)
    }
}

/// The fields of a type, read from an object.
struct Fields {
    object: Object,
    keys: Rc<[JsValue]>,
    next: usize,
}

impl Fields {
    /// The value of the next field; undefined if the object does not have it.
    fn advance(&mut self) -> Result<Object, Mismatch> {
        let key = self.keys.get(self.next).ok_or(Mismatch)?;
        self.next += 1;
        self.object.property(key).map(Object)
    }
}

impl<'de> SeqAccess<'de> for Fields {
    type Error = Mismatch;

    /// None for a missing field, whose default is then taken, if it has one.
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Mismatch> {
        let value = self.advance()?;
        let missing = value.0.is_undefined();
        match seed.deserialize(value) {
            // Only an `Option` can be read from undefined.
            Err(Mismatch) if missing => Ok(None),
            read => read.map(Some),
        }
    }
}

impl<'de> EnumAccess<'de> for Object {
    type Error = Mismatch;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Mismatch> {
        let name = match self.0.as_string() {
            Some(name) => name,
            None => {
                let tag = self.property(&"type".into())?;
                let tag = if tag.is_undefined() { self.property(&"kind".into())? } else { tag };
                tag.as_string().ok_or(Mismatch)?
            }
        };
        let name: StringDeserializer<Mismatch> = name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Object {
    type Error = Mismatch;

    fn unit_variant(self) -> Result<(), Mismatch> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Mismatch> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Mismatch> {
        Err(Mismatch)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.deserialize_struct("", fields, visitor)
    }
}

/// The names of a type's fields as strings of the browser. They are kept, because making them takes longer than reading.
fn keys(fields: &'static [&'static str]) -> Rc<[JsValue]> {
    type Keys = (&'static [&'static str], Rc<[JsValue]>);
    thread_local! {
        static KEYS: RefCell<Vec<Keys>> = const { RefCell::new(Vec::new()) };
    }
    KEYS.with_borrow_mut(|known| match known.iter().find(|(names, _)| std::ptr::eq(*names, fields)) {
        Some((_, keys)) => keys.clone(),
        None => {
            let keys: Rc<[JsValue]> = fields.iter().map(|name| JsValue::from_str(name)).collect();
            known.push((fields, keys.clone()));
            keys
        }
    })
}
