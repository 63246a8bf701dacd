//! Passwords and the hashes that passlib 1.7.4 with bcrypt 4.0.1 and argon2-cffi 25.1.0, and trytond's own functions, made of
//! them; at low cost so that the test is quick.

pub(super) const VECTORS: &[(&str, &str)] = &[
    (
        "pässwörd 'x' 密码",
        "$scrypt$ln=10,r=8,p=1$Zmzt/b9XqjWG8P5/D4FwLg$68Npv+yoB51oBzFPVfX7VLlAflOEsCg/t9fQpL09eg0",
    ),
    (
        "gnusolidario",
        "$scrypt$ln=8,r=8,p=1$IASA0Hpvzdmbc+7de2+t1Q$ftElzzJWlkcM7E6xsY5hUJfEyFlsLuujPWEhk0uBw48",
    ),
    (
        "pässwörd 'x' 密码",
        "$scrypt$ln=4,r=16,p=3$QCgFAMCYszbG2Jvzvlfq/Q$FcZ+sheZ8Y6Gwye/xAv+zhH3VCMNplRF7WLfU/9itRU",
    ),
    (
        "pässwörd 'x' 密码",
        "$scrypt$ln=4,r=8,p=1$$diE1OzF3vIJveUBXrwTkL3X/47B+HSkE0NH0nQBycvI",
    ),
    (
        "a\0b",
        "$scrypt$ln=4,r=8,p=1$NKZ0LqV0bm0txfjfm9N6Dw$nxPQrRKzEJgvkDrubK/lCZy8X33738XDEiwgq769r30",
    ),
    (
        "pässwörd 'x' 密码",
        "$2b$05$Tp4OoAbUFEUpxk2X/d7TZ.7afmLnqYFYwR8zY4f81LMwysbYqYYku",
    ),
    (
        "pässwörd 'x' 密码",
        "$2a$04$RZMyJNDv7bxOmvQHbs91mO33b6k7/TKnoNKeaZZtmrEKGWLm63r9u",
    ),
    (
        "a",
        "$2y$04$tKBf9maZOmSWYT5/GehQi.hNz3Q8asg0Xfrt33xProdkhbdh4AKqW",
    ),
    (
        "01234567890123456789012345678901234567890123456789012345678901234567890123456789",
        "$2b$04$i3ccThbFf/ik4Q.ZOfNLzOx8k33vpO1/APVaoDCF28G72jGKYeSSq",
    ),
    (
        "01234567890123456789012345678901234567890123456789012345678901234567890123456789",
        "$2a$04$TDNSGdiP04EcJZnEywazZ.OxsDIO75UudlbPsudhhyIayDS0hbNy.",
    ),
    (
        "01234567890123456789012345678901234567890123456789012345678901234567890123456789",
        "$2y$04$xm5cGq/AFbvM1OpSnrl.P.ntjOGoPXIcGnxz5alW2UWQXpvl4gXWq",
    ),
    (
        "éééééééééééééééééééééééééééééééééééé",
        "$2b$04$fIzdItrq8e1s6mEtoOMnJubAjOQibWNfwCcE9pKLLqaDd3fWUh1sC",
    ),
    (
        "ééééééééééééééééééééééééééééééééééééé",
        "$2b$04$LWZ97U3jlVQFZmsTibEJ.unES/iz9gdjezEV7amhK.k9i5AYvreJ2",
    ),
    (
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "$2b$04$KxBl70cfbGq4zJvuySRfJuE6cal5mGbV/zfyBq2Shh0P4cyN25dHW",
    ),
    (
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "$2b$04$wJC7yWOLwtiCkLQAMK.okewv3xmtTIFdYHoXTu/kiyaCS.VodkUpy",
    ),
    (
        "pässwörd 'x' 密码",
        "$pbkdf2-sha512$1000$WQthzLk3Zqw1pnROSSmF0A$J9W.eMfOoJgWXokSMhQUin4Tbb1wVj6NQnyR2bJsfQYU/tZmRUp3IsL2Z8/NylK84Ffge5HHaxpQ3j7plhkqeQ",
    ),
    (
        "pässwörd 'x' 密码",
        "$pbkdf2-sha512$1$$FZu0SAcJuhis/Vsr.VJwPJV99gjbpIXmutiX1KpV6VsZEu5lrSNL9J65CPhSItzcr6UTZ8CgONUAnufNb459Nw",
    ),
    (
        "pässwörd 'x' 密码",
        "$pbkdf2-sha512$77$9/5/j/G.l/Lem/P.v5fyXks$VDdkZSJZTZvEqt1ETAbjxpyUyZCNiv4E.DlvK.4Vr1gaSdMNmxAgrtREazA4YC8pAdGYtmILl5jNqk4EgcqZCA",
    ),
    (
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "$pbkdf2-sha512$10$FULoPSdEqBWCUGoN4VwrpQ$Ho9rBRxJWWjObo.GJfgpAo9cSRH3/CMb28KXIwf6EOxUIgjah5biyKtZc9ULnotqCX/yqDmvUDfgqFEBmxZpPg",
    ),
    (
        "pässwörd 'x' 密码",
        "$argon2id$v=19$m=1024,t=2,p=4$KIUQQogx5pyzllKKcY6xFg$0ah5AzwydBQdHwLOG4rT9slUFiFkJgvi/TuG+3/sTIA",
    ),
    (
        "pässwörd 'x' 密码",
        "$argon2i$v=19$m=512,t=2,p=2$ak3pHQNAyHkvhRBCCEEoxQ$Gm3FTzfsB9smpTRy7OmFlXbrxyuYlEMoVgLRwfR6OYs",
    ),
    (
        "pässwörd 'x' 密码",
        "$argon2d$v=19$m=64,t=3,p=1$I4QQotQ6J2QMIcTYW8uZkw$G/KZ3unonZBL2+J8QfYoV2rnL1iBlIfx8JvB6ouS46s",
    ),
    (
        "pässwörd 'x' 密码",
        "$argon2id$v=19$m=257,t=1,p=3$JSSktJaSMmaM$oMz9Pb8PY+Xjz0aiigcDb4FmrgbzdHs/",
    ),
    (
        "pässwörd 'x' 密码",
        "$argon2id$v=19$m=129,t=5,p=7$xpiTcm5NCYHQeo/RWmttDQ$gxSsSaBN6vBSwJYOSkcCXoSxxsiZmtEnCP0nmNFcnLn2Dfm1AYAz82MAvnngWqktde1iv+H3ESI78oCKGlyGJg",
    ),
    (
        "pässwörd 'x' 密码",
        "$argon2i$m=64,t=1,p=1$c29tZXNhbHRzb21l$7ibtcWSJhAQTWo4DKMVVX4UFlA5LvTzX9mQXwvYHz7o",
    ),
    (
        "pässwörd 'x' 密码",
        "$argon2id$v=16$m=64,t=1,p=1$c29tZXNhbHRzb21l$kt7PLo+UmC2K9ucv9SkS97tXECOFue7PH4j1X3nstlA",
    ),
    (
        "pässwörd 'x' 密码",
        "sha1$dacc2d29252fcd4d700a3ed4ed24103c26ccb61e$aB3dE6gH",
    ),
    (
        "pässwörd 'x' 密码",
        "sha1$522b8e325f4c2a636405da185db904841b606dcf$",
    ),
    (
        "pässwörd 'x' 密码",
        "sha1$76d3e4823ed875b76b3622e27393a690763000e3$do$lar",
    ),
    (
        "pässwörd 'x' 密码",
        "bcrypt$$2b$04$O2.yrCTdQRfYgefq96tCHuHrUe.W4j9yToetSZkX12dD/Rpzba9vm",
    ),
    (
        "01234567890123456789012345678901234567890123456789012345678901234567890123456789",
        "bcrypt$$2b$04$iEblQMkQUSMCGSfdn1fOH.a/AItRTbnMXLWSXEbdiKpJllieM1ngS",
    ),
    (
        "pässwörd 'x' 密码",
        "$2b$04$HtU.OJdR5IPpXdlFXSKcihIPiYjWGeWjTLAo7l5ycKthY2QjkzoNy",
    ),
];
