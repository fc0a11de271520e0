package dev.lookaside.ingest;

import java.io.CharConversionException;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnknownHostException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.NotLinkException;
import java.nio.file.ReadOnlyFileSystemException;
import java.util.zip.ZipException;
import org.apache.kafka.common.KafkaException;

/**
 * Why something failed, in words for the end of a message. An exception of the JDK often holds no
 * more than a file's name, or words that only its authors understand.
 */
public final class FaultReason {
  private static final String PACKAGE = "dev.lookaside.";

  private FaultReason() {}

  /**
   * Our exceptions carry messages made for reading; those about files, sockets and texts are told
   * by their kind, else by what the operating system says; any other is a fault of the program.
   */
  public static String of(Throwable e) {
    String message = e.getMessage();
    if (e.getClass().getName().startsWith(PACKAGE) && message != null) {
      return message;
    }
    if (e instanceof UncheckedIOException && e.getCause() instanceof IOException cause) {
      return of(cause);
    }
    if (e instanceof FileSystemException file) {
      return ofFile(file);
    }
    if (e instanceof ReadOnlyFileSystemException) {
      return "the file system is read-only";
    }
    if (e instanceof CharacterCodingException || e instanceof CharConversionException) {
      return "is not UTF-8";
    }
    if (e instanceof EOFException) {
      return "ends too early";
    }
    if (e instanceof ZipException) {
      return "is malformed ZIP or GZIP data";
    }
    if (e instanceof UnknownHostException) {
      return message == null ? "unknown host" : "unknown host \"" + message + '"';
    }
    if (e instanceof FileNotFoundException && message != null && message.endsWith(")")) {
      return message.substring(message.lastIndexOf('(') + 1, message.length() - 1); // The system's.
    }
    if (e instanceof IOException) {
      return message == null ? "the system gives no reason" : message.strip().split("\\R")[0];
    }
    if (e instanceof KafkaException) {
      return "Kafka's client fails: " + message;
    }
    if (e instanceof OutOfMemoryError) {
      return "not enough memory";
    }
    return "unexpected " + e.getClass().getSimpleName() + ", a fault of this program";
  }

  private static String ofFile(FileSystemException e) {
    if (e instanceof NoSuchFileException) {
      return "no such file or folder";
    }
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (e instanceof FileAlreadyExistsException) {
      return "is there already";
    }
    if (e instanceof NotDirectoryException) {
      return "is no folder";
    }
    if (e instanceof DirectoryNotEmptyException) {
      return "the folder is not empty";
    }
    if (e instanceof FileSystemLoopException) {
      return "its links lead back to itself";
    }
    if (e instanceof NotLinkException) {
      return "is no link";
    }
    return e.getReason() == null ? "the system gives no reason" : e.getReason();
  }
}
