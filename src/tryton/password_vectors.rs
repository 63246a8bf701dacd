//! Passwords and the hashes that passlib 1.7.4 made of them, at low cost so that the test is quick.

pub(super) const VECTORS: &[(&str, &str)] = &[
    (
        "pässwörd 'x' 密码",
        "$scrypt$ln=10,r=8,p=1$RsgZ4zznHMPYOyfEGCMkJA$Co3gufpR06OoMW6JS0SGv4NucYyiciAcgtJfMqtY0ew",
    ),
    (
        "gnusolidario",
        "$scrypt$ln=8,r=8,p=1$ifF+D4FQyrl3LqXUeq/Vug$2usGIswdsczN6kDq79M4r6+NA0+rgqLCyAOdEsZQCYQ",
    ),
    (
        "pässwörd 'x' 密码",
        "$2b$05$1DSH8eWpyG9aYTcBGLtArO62JgExChJM6MfAf0CJ0UPv6U4hBvfne",
    ),
    (
        "a",
        "$2y$04$99c.hKkmhOSUFAHi3l3.F.A0Nb4aGHlmhro1a.E1fgRqLA4Pq097K",
    ),
    (
        "pässwörd 'x' 密码",
        "$pbkdf2-sha512$1000$L2XMeY/x/l/Lee8do9Q6Jw$kVbXtriLeWkgwgiKL8jOBxCUo6YLKCaHffW.WqSHqyni/7A3DJQsmFaD47Pgb9sZP.Ilzn3sPnJQk8I.fMgAlg",
    ),
    (
        "pässwörd 'x' 密码",
        "$argon2id$v=19$m=1024,t=2,p=4$57zXei/lnHMOIYQwxnhv7Q$l9O4lkDQmgC9HwtQiI6/IhufoNfAH4RN1QFunA2wscY",
    ),
    (
        "pässwörd 'x' 密码",
        "$argon2i$v=19$m=512,t=2,p=4$z5lzrnXuPef8f++ds7Z2jg$UkF0s5p7Hcg4bfSx8NTMNLoqzPjgjOLmzp+t9nUGNEk",
    ),
];
