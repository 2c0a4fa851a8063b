//! What an owner can ask for as the end of a token's life.
