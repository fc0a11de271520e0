package dev.lookaside.trainer.store;

import dev.lookaside.trainer.TrainerException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.sqlite.ProgressHandler;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/**
 * The SQLite index of a store. What is changed within {@link #change} is there wholly or not at
 * all, whatever happens to the process or the power; other processes may read meanwhile. One thread
 * at a time.
 */
final class Index implements AutoCloseable {
  /** Raised when a table changes. */
  private static final int VERSION = 1;

  private static final int BUSY_MILLIS = 20_000;
  private static final int STEPS = 100;

  /** What a fit or a judge may use; an index has these rows alone. */
  static final String USABLE = "standing = 'usable' AND audio_state = 'held'";

  private static final List<String> TABLES =
      List.of(
          "CREATE TABLE made_with (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
          "CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
          "CREATE TABLE positions (topic TEXT NOT NULL, partition INTEGER NOT NULL,"
              + " next_offset INTEGER NOT NULL, PRIMARY KEY (topic, partition)) WITHOUT ROWID",
          """
          CREATE TABLE examples (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            stream TEXT NOT NULL,
            label TEXT,
            rejected_label TEXT,
            onset INTEGER NOT NULL,
            offset INTEGER NOT NULL,
            recording TEXT NOT NULL,
            split TEXT NOT NULL,
            origin TEXT NOT NULL,
            author TEXT NOT NULL,
            labelled_at INTEGER NOT NULL,
            label_id TEXT,
            kind TEXT,
            detection TEXT,
            adapter TEXT,
            note TEXT,
            standing TEXT NOT NULL,
            change INTEGER NOT NULL,
            audio_state TEXT NOT NULL,
            audio_reason TEXT,
            file TEXT,
            sha256 TEXT,
            start INTEGER,
            rate_hz INTEGER,
            samples INTEGER,
            onset_sample INTEGER,
            offset_sample INTEGER,
            whole INTEGER)
          """,
          "CREATE INDEX examples_by_time ON examples (stream, onset)",
          "CREATE INDEX examples_by_audio ON examples (audio_state)",
          "CREATE INDEX examples_by_change ON examples (change)");

  private final Path file;
  private final Connection connection;

  /** Parsed once each: their texts are those of this package. */
  private final Map<String, PreparedStatement> statements = new HashMap<>();

  /** Something done with the connection. */
  interface Work<T> {
    T run() throws SQLException;
  }

  /** Reads a row. */
  interface Reader<T> {
    T read(ResultSet row) throws SQLException;
  }

  private Index(Path file, Connection connection) {
    this.file = file;
    this.connection = connection;
  }

  /**
   * Opens the index and makes its tables if there are none.
   *
   * @throws TrainerException if it is broken, of a newer version, or cannot be read
   */
  static Index open(Path file) {
    SQLiteConfig config = new SQLiteConfig();
    config.setJournalMode(SQLiteConfig.JournalMode.WAL);
    config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
    config.setBusyTimeout(BUSY_MILLIS);
    config.setTransactionMode(SQLiteConfig.TransactionMode.IMMEDIATE);
    Connection connection;
    try {
      connection = config.createConnection("jdbc:sqlite:" + file);
    } catch (SQLException e) {
      throw explained(file, e);
    }
    Index index = new Index(file, connection);
    try {
      index.check();
      return index;
    } catch (RuntimeException e) {
      index.close();
      throw e;
    }
  }

  /**
   * Tables that nobody else sees and that go with {@link #close}. What does not fit into SQLite's
   * cache of 2 MB lies in a file without a name.
   */
  static Index temporary(String... tables) {
    SQLiteConfig config = new SQLiteConfig();
    config.setJournalMode(SQLiteConfig.JournalMode.OFF);
    config.setSynchronous(SQLiteConfig.SynchronousMode.OFF);
    config.setTempStore(SQLiteConfig.TempStore.FILE);
    Path file = Path.of("temporary index");
    try {
      Index index = new Index(file, config.createConnection("jdbc:sqlite:"));
      for (String table : tables) {
        index.update(table);
      }
      return index;
    } catch (SQLException e) {
      throw explained(file, e);
    }
  }

  private void check() {
    int version = one("PRAGMA user_version", row -> row.getInt(1));
    if (version > VERSION) {
      throw new TrainerException(
          "%s: version \"%d\": must be at most %d; a newer Lookaside made it"
              .formatted(file, version, VERSION));
    }
    if (version == 0) {
      change(
          () -> {
            // Another process may have made them while this one waited.
            if (one("PRAGMA user_version", row -> row.getInt(1)) == 0) {
              for (String table : TABLES) {
                update(table);
              }
              update("PRAGMA user_version = " + VERSION);
            }
            return 0;
          });
    }
    // Counted once a second while an adapter is watched; indexes that older stores lack are made.
    update("CREATE INDEX IF NOT EXISTS examples_by_adapter ON examples (adapter, onset)");
    update(
        "CREATE INDEX IF NOT EXISTS examples_by_class ON examples (label, origin, number) WHERE "
            + USABLE);
    update("CREATE INDEX IF NOT EXISTS examples_by_length ON examples (stream, offset - onset)");
    String sound = one("PRAGMA quick_check(1)", row -> row.getString(1));
    if (!"ok".equals(sound)) {
      throw new TrainerException(file + ": " + broken(sound));
    }
  }

  /** Runs a transaction; an exception undoes it. */
  <T> T change(Work<T> work) {
    try {
      connection.setAutoCommit(false);
      T result = work.run();
      connection.commit();
      connection.setAutoCommit(true);
      return result;
    } catch (SQLException e) {
      undo(e);
      throw explained(file, e);
    } catch (RuntimeException | Error e) {
      undo(e);
      throw e;
    }
  }

  /** SQLite may have undone it itself, on a full disk for one. */
  private void undo(Throwable cause) {
    try {
      connection.rollback();
    } catch (SQLException e) {
      cause.addSuppressed(e);
    }
    try {
      connection.setAutoCommit(true);
    } catch (SQLException e) {
      cause.addSuppressed(e);
    }
  }

  int update(String sql, @Nullable Object... values) {
    try {
      return prepared(sql, values).executeUpdate();
    } catch (SQLException e) {
      forget(sql);
      throw explained(file, e);
    }
  }

  <T> List<T> all(String sql, Reader<T> reader, @Nullable Object... values) {
    try (ResultSet rows = prepared(sql, values).executeQuery()) {
      List<T> found = new ArrayList<>();
      while (rows.next()) {
        found.add(reader.read(rows));
      }
      return found;
    } catch (SQLException e) {
      forget(sql);
      throw explained(file, e);
    }
  }

  /** The only row of a query that always has one. */
  <T> T one(String sql, Reader<T> reader, @Nullable Object... values) {
    return all(sql, reader, values).get(0);
  }

  /**
   * How many hundreds of instructions SQLite's machine runs for something; for tests of how work
   * grows.
   */
  long hundredsOfSteps(Runnable work) {
    long[] count = new long[1];
    try {
      ProgressHandler.setHandler(
          connection,
          STEPS,
          new ProgressHandler() {
            @Override
            protected int progress() {
              count[0]++;
              return 0;
            }
          });
      work.run();
      ProgressHandler.clearHandler(connection);
    } catch (SQLException e) {
      throw explained(file, e);
    }
    return count[0];
  }

  /** Limits the size of the file, in pages; for tests of a full disk. */
  void limitPages(int pages) {
    try (Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA max_page_count = " + pages);
    } catch (SQLException e) {
      throw explained(file, e);
    }
  }

  private PreparedStatement prepared(String sql, @Nullable Object... values) throws SQLException {
    PreparedStatement statement = statements.get(sql);
    if (statement == null) {
      statement = connection.prepareStatement(sql);
      statements.put(sql, statement);
    }
    for (int i = 0; i < values.length; i++) {
      statement.setObject(i + 1, values[i]);
    }
    return statement;
  }

  /** A statement that failed may be stuck in the middle. */
  private void forget(String sql) {
    PreparedStatement failed = statements.remove(sql);
    try {
      if (failed != null) {
        failed.close();
      }
    } catch (SQLException e) {
      // The first exception has the cause.
    }
  }

  private static TrainerException explained(Path file, SQLException e) {
    SQLiteErrorCode code =
        e instanceof SQLiteException known ? known.getResultCode() : SQLiteErrorCode.SQLITE_ERROR;
    String why =
        switch (code) {
          case SQLITE_FULL -> "the disk is full; what it held before is intact";
          case SQLITE_CORRUPT, SQLITE_NOTADB -> broken(code.name());
          case SQLITE_BUSY -> "another process has been writing to it for longer than 20 s";
          case SQLITE_READONLY -> "cannot be written: it is read-only";
          case SQLITE_CANTOPEN ->
              "cannot be opened: is there such a folder, and may this user write to it?";
          default -> "SQLite fails with " + code.name();
        };
    return new TrainerException("%s: %s".formatted(file, why), e);
  }

  private static String broken(String how) {
    return "is broken (%s); move the store's folder away, and a new one is filled from the labels as far as their audio is retained"
        .formatted(how);
  }

  @Override
  public void close() {
    try {
      connection.close();
    } catch (SQLException e) {
      throw explained(file, e);
    }
  }
}
