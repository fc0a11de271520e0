/**
 * HTTP/1.1 for page and metrics, safe where anyone can connect: how long a request may take to
 * arrive, how much it may hold, how many connections there are, and under which names this machine
 * is asked. What a client does or does not read costs nobody else anything.
 */
@NullMarked
package dev.lookaside.deploy.http;

import org.jspecify.annotations.NullMarked;
