//! Numbers that stand for the things of a program.

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $($(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);

        impl $name {
            /// The number as an index.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        })*
    };
}

ids! {
    /// A type of a program.
    TypeId;
    /// A value of a program.
    ValueId;
    /// A declared name of a program.
    SymbolId;
    /// The arguments of a template's instance.
    MapperId;
}
