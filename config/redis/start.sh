#!/bin/sh
# Starts Redis with the shipped configuration; the password comes from the environment, never from a file in the image.
set -eu
: "${REDIS_PASSWORD:?set REDIS_PASSWORD}"
case "$REDIS_PASSWORD" in *[!A-Za-z0-9_.-]*) echo "REDIS_PASSWORD may hold letters, digits, _ . - only" >&2; exit 2 ;; esac
umask 077
sed "s/@PASSWORD@/$REDIS_PASSWORD/" /etc/kitbash/users.acl > /tmp/users.acl
exec redis-server /etc/kitbash/redis.conf --aclfile /tmp/users.acl --dir /data
