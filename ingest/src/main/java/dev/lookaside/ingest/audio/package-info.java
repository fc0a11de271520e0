/**
 * Encoded audio in, mono float samples out: chunk payloads (L16, raw, WAV, FLAC) and files (also
 * OGG Vorbis, MP3, and whatever ffmpeg reads when it is installed). A 16-bit sample s becomes
 * exactly s / 32768. Bad bytes never get through as sound: headers that lie, truncated data, and
 * samples that are no numbers end in a message that names the field and its value.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.ingest.audio;
