//! JSON pointers (RFC 6901), put together and taken apart.

/// Appends the name of a member to a pointer.
pub fn push(pointer: &mut String, name: &str) {
    pointer.push('/');
    *pointer += &name.replace('~', "~0").replace('/', "~1");
}

/// Returns the names and indices that a pointer leads through.
pub fn tokens(pointer: &str) -> impl Iterator<Item = String> + '_ {
    pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~"))
}

#[cfg(test)]
mod tests {
    use super::{push, tokens};

    #[test]
    fn names_with_signs_of_their_own_come_back_from_a_pointer() {
        let mut pointer = String::new();
        let names = ["a/b", "~1", "", "plain"];
        names.iter().for_each(|name| push(&mut pointer, name));
        assert_eq!(pointer, "/a~1b/~01//plain");
        assert_eq!(tokens(&pointer).collect::<Vec<_>>(), names);
        assert_eq!(tokens("").count(), 0);
    }
}
