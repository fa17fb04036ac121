//! Decodes JSON. In the browser it is parsed by the browser itself, and serde reads the objects that this gives: serde_json's
//! parser, compiled for each type, would be a tenth of the wasm.

use serde::de::DeserializeOwned;

#[cfg(feature = "browser")]
mod object;

/// Decodes a value. None if the text is not JSON or not of this type.
pub fn decode<T: DeserializeOwned>(text: &str) -> Option<T> {
    #[cfg(feature = "browser")]
    {
        object::decode(js_sys::JSON::parse(text).ok()?)
    }
    #[cfg(not(feature = "browser"))]
    {
        serde_json::from_str(text).ok()
    }
}

/// Decodes each element of an array by itself. None for those that are not of this type.
pub fn decode_each<T: DeserializeOwned>(text: &str) -> Option<Vec<Option<T>>> {
    #[cfg(feature = "browser")]
    {
        use wasm_bindgen::JsCast as _;
        let elements: js_sys::Array = js_sys::JSON::parse(text).ok()?.dyn_into().ok()?;
        Some(elements.iter().map(object::decode).collect())
    }
    #[cfg(not(feature = "browser"))]
    {
        let elements: Vec<serde_json::Value> = serde_json::from_str(text).ok()?;
        Some(elements.into_iter().map(|element| serde_json::from_value(element).ok()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_of_another_type_are_none() {
        assert_eq!(decode_each::<u32>(r#"[1,"2",3]"#), Some(vec![Some(1), None, Some(3)]));
        assert_eq!(decode_each::<u32>("{}"), None);
        assert_eq!(decode::<u32>("[1]"), None);
    }
}
