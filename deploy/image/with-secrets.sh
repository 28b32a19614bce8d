#!/bin/sh
# Runs a command with the secrets in its environment: each file in /run/secrets that is named like a setting becomes that setting.
# The services read their environment alone, and a secret in a file is not seen by those who may inspect a container.
set -eu
for file in /run/secrets/*; do
  case ${file##*/} in
    *[!A-Z0-9_]*) ;;
    *) export "${file##*/}=$(cat "$file")" ;;
  esac
done
exec "$@"
