"""Writes foreign-hashes.json, the hashes of the libraries that people come from.

pip install passlib==1.7.4 django==5.2.19 argon2-cffi==25.1.0 "bcrypt<4.1"
"""

import json
import pathlib

import argon2
import bcrypt
from django.conf import settings
from django.contrib.auth import hashers
from passlib import hash as passlib

# Low costs keep the tests fast; the forms are those of the default costs.
settings.configure()
passlib.argon2.set_backend("argon2_cffi")


class Pbkdf2(hashers.PBKDF2PasswordHasher):
    iterations = 1000


class Pbkdf2Sha1(hashers.PBKDF2SHA1PasswordHasher):
    iterations = 1000


class Bcrypt(hashers.BCryptPasswordHasher):
    rounds = 4


class BcryptSha256(hashers.BCryptSHA256PasswordHasher):
    rounds = 4


class Scrypt(hashers.ScryptPasswordHasher):
    work_factor = 1024


class Argon2(hashers.Argon2PasswordHasher):
    memory_cost = 256
    time_cost = 1


def django(hasher):
    return lambda password: hasher().encode(password, hasher().salt())


def php(password):
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode().replace("$2b$", "$2y$")


def argon2_cffi(kind):
    return argon2.PasswordHasher(time_cost=1, memory_cost=256, type=kind).hash


LIBRARIES = {
    "passlib bcrypt": passlib.bcrypt.using(rounds=4).hash,
    "passlib bcrypt 2a": passlib.bcrypt.using(rounds=4, ident="2a").hash,
    "passlib scrypt": passlib.scrypt.using(rounds=10).hash,
    "passlib pbkdf2_sha256": passlib.pbkdf2_sha256.using(rounds=1000).hash,
    "passlib pbkdf2_sha512": passlib.pbkdf2_sha512.using(rounds=1000).hash,
    "passlib pbkdf2_sha1": passlib.pbkdf2_sha1.using(rounds=1000).hash,
    "passlib argon2": passlib.argon2.using(rounds=1, memory_cost=256).hash,
    "bcrypt": lambda password: bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode(),
    "bcrypt as PHP writes it": php,
    "argon2-cffi argon2id": argon2_cffi(argon2.Type.ID),
    "argon2-cffi argon2i": argon2_cffi(argon2.Type.I),
    "django pbkdf2_sha256": django(Pbkdf2),
    "django pbkdf2_sha1": django(Pbkdf2Sha1),
    "django bcrypt": django(Bcrypt),
    "django bcrypt_sha256": django(BcryptSha256),
    "django scrypt": django(Scrypt),
    "django argon2": django(Argon2),
}
PASSWORDS = {
    "ASCII": "correct horse battery",
    # A ligature and a decomposed letter: NFKC changes both.
    "not in NFKC": "\ufb01ve pa\u0308ssword parts",
    "of 81 bytes": "ninety " * 11 + "nine",
}

hashes = [
    {"library": library, "kind": kind, "password": password, "hash": make(password)}
    for library, make in LIBRARIES.items()
    for kind, password in PASSWORDS.items()
]
path = pathlib.Path(__file__).with_name("foreign-hashes.json")
path.write_text(json.dumps(hashes, indent=2) + "\n")
