//! Tokens follow each other without gaps from the beginning of a text to its end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use radii_diagnostics::FileId;
use typespec::syntax::TokenKind;
use typespec::syntax::scanner::Scanner;

fuzz_target!(|text: &str| {
    let mut scanner = Scanner::new(FileId(0), text);
    let mut end = scanner.position();
    loop {
        let token = scanner.next_token();
        assert_eq!(token.start, end, "no gap before {token:?}");
        if token.kind == TokenKind::EndOfFile {
            break;
        }
        assert!(token.end > token.start, "{token:?} is empty");
        assert!(text.is_char_boundary(token.end), "{token:?} ends inside a character");
        end = token.end;
    }
    assert_eq!(end, text.len(), "the whole text is read");
});
