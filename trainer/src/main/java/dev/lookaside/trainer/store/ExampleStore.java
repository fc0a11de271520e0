package dev.lookaside.trainer.store;

import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.classifier.weights.ClassName;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.featurizer.Resampler;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.label.Label;
import dev.lookaside.trainer.label.LabelKind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Examples to fit on and to judge by: a folder with {@code index.sqlite}, {@code audio/*.wav} and
 * {@code logmel/*.npy}. Any thread, one at a time; another process may read the same store
 * meanwhile, and a second one that writes waits for its turn.
 *
 * <pre>
 *   label arrives   row AWAITED, standing of its neighbours, topic position     one transaction
 *   audio read      audio file, log-mel file, then row HELD                     files first
 *   no audio        row LOST, with the reason
 * </pre>
 *
 * <p>Killed between any two steps: a label whose transaction did not end is read from the topic
 * again, and a file whose row did not follow is written again with the same bytes.
 *
 * <p>Everything here throws {@link TrainerException} with the file and the reason if the disk is
 * full, the index broken or a file missing.
 */
public final class ExampleStore implements AutoCloseable {
  private static final String INDEX = "index.sqlite";

  /** Of a class and an origin, what a round chooses from: a round takes some hundreds of them. */
  static final int NEWEST_MAX = 1_000;

  private final Path folder;
  private final Index index;
  private final MadeWith madeWith;
  private final StoredFiles files;
  private final Steps steps;
  private final Map<String, String> spellings = new HashMap<>();

  /** Called before each step that leaves a trace; tests end the process there. */
  interface Steps {
    void reached(String step);
  }

  private ExampleStore(Path folder, Index index, MadeWith madeWith, Steps steps) {
    this.folder = folder;
    this.index = index;
    this.madeWith = madeWith;
    this.files = new StoredFiles(folder, madeWith.frontEnd());
    this.steps = steps;
    index
        .all(
            "SELECT label FROM examples WHERE label IS NOT NULL GROUP BY label"
                + " ORDER BY MIN(number)",
            row -> row.getString(1))
        .forEach(this::spelled);
  }

  /** A class is spelled as by its first example here, whatever later ones say. */
  private String spelled(String name) {
    return spellings.computeIfAbsent(ClassName.key(name), key -> name);
  }

  /**
   * Opens a store, or makes it. Its split stays what it was made with, whatever the settings say
   * now.
   *
   * @throws TrainerException if its front end is another one than the settings'
   */
  public static ExampleStore open(Path folder, StoreSettings settings) {
    return open(folder, settings, step -> {});
  }

  static ExampleStore open(Path folder, StoreSettings settings, Steps steps) {
    MadeWith wanted =
        new MadeWith(settings.frontEnd(), settings.splitSeed(), settings.heldOutShare());
    new StoredFiles(folder, settings.frontEnd()).makeFolders();
    Index index = Index.open(folder.resolve(INDEX));
    try {
      index.change(
          () -> {
            wanted.keepIn(index);
            return 0;
          });
      MadeWith found = MadeWith.of(index, folder).orElseThrow();
      if (found.frontEnd() != wanted.frontEnd()) {
        throw new TrainerException(
            "%s: front end \"%s\": the store was made with %s"
                .formatted(folder, wanted.frontEnd(), found.frontEnd()));
      }
      return new ExampleStore(folder, index, found, steps);
    } catch (RuntimeException e) {
      index.close();
      throw e;
    }
  }

  /** Whether there is a store in a folder. */
  public static boolean isIn(Path folder) {
    return Files.isRegularFile(folder.resolve(INDEX));
  }

  /**
   * Opens a store that is there.
   *
   * @throws TrainerException if there is none
   */
  public static ExampleStore open(Path folder) {
    Path file = folder.resolve(INDEX);
    if (!isIn(folder)) {
      throw new TrainerException(folder + ": holds no store of examples (no " + INDEX + ")");
    }
    Index index = Index.open(file);
    try {
      MadeWith found =
          MadeWith.of(index, folder)
              .orElseThrow(() -> new TrainerException(folder + ": the store is not made yet"));
      return new ExampleStore(folder, index, found, step -> {});
    } catch (RuntimeException e) {
      index.close();
      throw e;
    }
  }

  public Path folder() {
    return folder;
  }

  /** Whose rate the audio has and whose frames the log-mels are. */
  public FrontEnd frontEnd() {
    return madeWith.frontEnd();
  }

  /** Of the split by recording. */
  public long splitSeed() {
    return madeWith.splitSeed();
  }

  Index index() {
    return index;
  }

  MadeWith madeWith() {
    return madeWith;
  }

  /**
   * Takes labels and where to read on, all at once or not at all. Labels that are there already
   * change nothing.
   *
   * @param nextOffsets per partition of the topic
   * @return how many were new
   */
  synchronized int take(List<Label> labels, String topic, Map<Integer, Long> nextOffsets) {
    steps.reached("take");
    int taken =
        index.change(
            () -> {
              int fresh = 0;
              for (Label label : labels) {
                fresh += insert(label);
                steps.reached("row " + label.id());
              }
              nextOffsets.forEach((partition, next) -> position(topic, partition, next));
              steps.reached("positions");
              return fresh;
            });
    steps.reached("taken");
    return taken;
  }

  private int insert(Label label) {
    Row row = Row.of(label, madeWith.splitSeed(), madeWith.heldOutShare()).spelled(this::spelled);
    // Nothing is fitted on what takes something back.
    boolean audio = label.kind() != LabelKind.RETRACT;
    int fresh =
        row.insert(
            index, audio ? AudioState.AWAITED : AudioState.LOST, Standings.nextChange(index));
    if (fresh > 0) {
      Standings.update(index, row.stream(), row.onset(), row.offset());
    }
    return fresh;
  }

  private void position(String topic, int partition, long next) {
    index.update(
        "INSERT INTO positions (topic, partition, next_offset) VALUES (?, ?, ?)"
            + " ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset",
        topic,
        partition,
        next);
  }

  /** Where to read on, per partition; nothing for partitions never read. */
  public synchronized Map<Integer, Long> positions(String topic) {
    return Map.copyOf(
        index
            .all(
                "SELECT partition, next_offset FROM positions WHERE topic = ?",
                row -> Map.entry(row.getInt(1), row.getLong(2)),
                topic)
            .stream()
            .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue)));
  }

  /** Writes a sound's files and then records in its row that they are there. */
  synchronized void hold(String id, Sound sound) {
    String name = StoredFiles.name(id);
    steps.reached("files " + id);
    String sha256 = files.write(name, sound.pcm());
    steps.reached("hold " + id);
    index.change(
        () -> {
          holdRow(id, name, sha256, sound);
          return 0;
        });
    steps.reached("held " + id);
  }

  private void holdRow(String id, String name, String sha256, Sound sound) {
    index.update(
        """
        UPDATE examples SET audio_state = 'held', audio_reason = NULL, file = ?, sha256 = ?,
          start = ?, rate_hz = ?, samples = ?, onset_sample = ?, offset_sample = ?, whole = ?,
          change = ?
        WHERE id = ?
        """,
        name,
        sha256,
        Nanos.of(sound.start()),
        sound.pcm().rateHz(),
        sound.pcm().lengthSamples(),
        sound.onsetSample(),
        sound.offsetSample(),
        sound.whole(),
        Standings.nextChange(index),
        id);
  }

  /** Records why a row has no audio, or not yet. */
  synchronized void without(String id, AudioState state, String reason) {
    index.change(
        () ->
            index.update(
                "UPDATE examples SET audio_state = ?, audio_reason = ? WHERE id = ?",
                state.word(),
                reason,
                id));
    steps.reached("without " + id);
  }

  /**
   * Adds a clip from elsewhere; one that is there already changes nothing.
   *
   * @throws TrainerException if the event does not lie in the audio
   */
  public synchronized StoredExample putSeed(Seed seed) {
    Pcm pcm = atRate(seed.audio());
    int onset = (int) Math.round(seed.onsetSeconds() * pcm.rateHz());
    int offset =
        (int) Math.min(pcm.lengthSamples(), Math.round(seed.offsetSeconds() * pcm.rateHz()));
    Sound sound = new Sound(pcm, Instant.EPOCH, onset, offset, true);
    return put(Seeds.row(seed, sound, madeWith), sound);
  }

  /**
   * Adds unlabelled audio of a stream as background.
   *
   * @param start capture time of its first sample
   * @param audio at any rate
   * @param author who took it
   */
  public synchronized StoredExample putSampled(
      String stream, Instant start, Pcm audio, String author) {
    Pcm pcm = atRate(audio);
    Sound sound = new Sound(pcm, start, 0, pcm.lengthSamples(), true);
    return put(Seeds.sampledRow(stream, start, sound, author, madeWith), sound);
  }

  /** Stretches of a stream that overlap this one and of which there are examples. */
  public synchronized List<Stretch> known(String stream, Instant from, Instant until) {
    return where(
            Overlap.WHERE,
            Overlap.direct(index, "examples WHERE TRUE", stream, Nanos.of(from), Nanos.of(until))
                .values())
        .stream()
        .map(e -> new Stretch(e.onset(), e.offset()))
        .toList();
  }

  /**
   * Lets newer background take the place of older one. What is not used any more stays for a while,
   * because a round that is under way may name it: as much as is kept.
   *
   * @param perStream examples that stay usable
   * @param total examples that do, of all streams
   */
  public synchronized void limitSampled(int perStream, int total) {
    List<String> files = index.change(() -> Sampled.limit(index, perStream, total));
    files.forEach(this.files::delete);
  }

  /** Files first, so that a row that is there has its files. */
  synchronized StoredExample put(Row row, Sound sound) {
    Optional<StoredExample> there = find(row.id());
    if (there.isPresent() && there.get().audio().isPresent()) {
      return there.get();
    }
    String name = StoredFiles.name(row.id());
    steps.reached("files " + row.id());
    String sha256 = files.write(name, sound.pcm());
    steps.reached("put " + row.id());
    index.change(
        () -> {
          row.spelled(this::spelled).insert(index, AudioState.AWAITED, Standings.nextChange(index));
          holdRow(row.id(), name, sha256, sound);
          if (row.kind() != null) {
            Standings.update(index, row.stream(), row.onset(), row.offset());
          }
          return 0;
        });
    return find(row.id()).orElseThrow();
  }

  /** The audio at the front end's rate. */
  Pcm atRate(Pcm pcm) {
    int rateHz = madeWith.frontEnd().rateHz();
    return pcm.rateHz() == rateHz
        ? pcm
        : new Pcm(rateHz, Resampler.of(pcm.rateHz(), rateHz).clip(pcm.samples()));
  }

  private List<StoredExample> where(String condition, Object... values) {
    return index.all(
        "SELECT * FROM examples WHERE " + condition + " ORDER BY number",
        row -> Row.example(row, folder),
        values);
  }

  /** All rows in the order of their arrival. */
  public synchronized List<StoredExample> all() {
    return where("TRUE");
  }

  /** What may be used of a split, in the order of arrival. */
  public synchronized List<StoredExample> usable(Split split) {
    return where("split = ? AND standing = 'usable' AND audio_state = 'held'", split.word());
  }

  /**
   * What a round chooses from, in the order of arrival: of each class, and of what has none, the
   * newest {@value #NEWEST_MAX} examples of each origin, whatever the split. Neither memory nor
   * time grow with what was labelled before that. Seeds are of no stream and belong to every scope.
   *
   * @param before labels and background from then on do not count; any time, also {@link
   *     Instant#MIN} and {@link Instant#MAX}
   */
  public synchronized List<StoredExample> newestUsable(Scope scope, Instant before) {
    long until = Nanos.bound(before);
    List<StoredExample> newest = new ArrayList<>();
    for (Optional<String> label : classes()) {
      for (Origin origin : Origin.values()) {
        index
            .all(
                "SELECT * FROM examples INDEXED BY examples_by_class WHERE label IS ? AND origin ="
                    + " ? AND "
                    + Index.USABLE
                    + (origin == Origin.SEED ? " AND ? = ?" : " AND labelled_at < ? AND ? <> ''")
                    + " ORDER BY number DESC LIMIT "
                    + NEWEST_MAX,
                row -> Row.example(row, folder),
                label.orElse(null),
                origin.word(),
                until,
                until)
            .stream()
            .filter(e -> origin == Origin.SEED || Standings.covers(scope, e.stream()))
            .forEach(newest::add);
      }
    }
    newest.sort(Comparator.comparingLong(StoredExample::number));
    return newest;
  }

  /** Of usable examples, and none; each found by one step into the index. */
  private List<Optional<String>> classes() {
    List<Optional<String>> classes = new ArrayList<>(List.of(Optional.empty()));
    Optional<String> last = Optional.of("");
    while (last.isPresent()) {
      last =
          Optional.ofNullable(
              index.one(
                  "SELECT MIN(label) FROM examples INDEXED BY examples_by_class WHERE label > ? AND"
                      + " "
                      + Index.USABLE,
                  row -> row.getString(1),
                  last.get()));
      last.ifPresent(l -> classes.add(Optional.of(l)));
    }
    return classes;
  }

  public synchronized Optional<StoredExample> find(String id) {
    return where("id = ?", id).stream().findFirst();
  }

  /** Rows whose audio is still to be read, oldest first. */
  public synchronized List<StoredExample> awaited() {
    return where("audio_state = 'awaited'");
  }

  /** Rows that will never have audio. */
  public synchronized List<StoredExample> lost() {
    return where("audio_state = 'lost'");
  }

  /** Authors who disagree, by stream and time. */
  public synchronized List<Conflict> conflicts() {
    return Standings.conflicts(where("standing = 'conflict'"));
  }

  /** Usable examples per class, by name; background last if there is any. */
  public synchronized List<LabelCount> labels() {
    return index.all(
        """
        SELECT label, SUM(split = 'train'), SUM(split = 'held-out') FROM examples
        WHERE standing = 'usable' AND audio_state = 'held'
        GROUP BY label ORDER BY label NULLS LAST
        """,
        row -> new LabelCount(Optional.ofNullable(row.getString(1)), row.getInt(2), row.getInt(3)));
  }

  /**
   * What people's labels say about an adapter's detections on the streams of a scope.
   *
   * @param since capture time of the first detections that count
   */
  public synchronized Verdicts verdicts(String adapter, Scope scope, Instant since) {
    return Standings.verdicts(index, adapter, scope, since);
  }

  /** Rises whenever an example becomes usable or stops being so; 0 for an empty store. */
  public synchronized long changes() {
    return Standings.nextChange(index) - 1;
  }

  /**
   * How many usable examples from labels on the streams of a scope have changed since {@link
   * #changes} was this.
   */
  public synchronized int usableSince(long change, Scope scope) {
    return Standings.usableSince(index, change, scope);
  }

  /** What a table holds beside the example itself, by column; empty text for nothing. */
  synchronized List<Map<String, String>> details() {
    return index.all("SELECT id, kind, detection, adapter, note FROM examples", Row::details);
  }

  public synchronized StoreStats stats() {
    return Standings.stats(index);
  }

  /** What was kept under a name with {@link #setState}. */
  public synchronized Optional<String> state(String name) {
    return index
        .all("SELECT value FROM state WHERE name = ?", row -> row.getString(1), name)
        .stream()
        .findFirst();
  }

  /** Keeps a value for the caller; whole or not at all. */
  public synchronized void setState(String name, String value) {
    index.change(
        () ->
            index.update(
                "INSERT INTO state (name, value) VALUES (?, ?)"
                    + " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                name,
                value));
  }

  /** Writes the usable examples as a data set; see {@link ExampleTable}. */
  public int exportTo(Path csv) {
    return ExampleTable.write(this, csv);
  }

  /** Adds the clips of a table; see {@link ExampleTable}. */
  public int importFrom(Path csv) {
    return ExampleTable.read(this, csv);
  }

  @Override
  public synchronized void close() {
    index.close();
  }

  /** How much background of streams there may be. */
  static final class Sampled {
    private record Row(String id, String stream, String file) {}

    private Sampled() {}

    /** Names of the files of rows that are gone. */
    static List<String> limit(Index index, int perStream, int total) {
      Map<String, Integer> counts = new HashMap<>();
      int kept = 0;
      long change = Standings.nextChange(index);
      for (Row row : rows(index, Standing.USABLE)) {
        if (kept < total && counts.merge(row.stream(), 1, Integer::sum) <= perStream) {
          kept++;
        } else {
          index.update(
              "UPDATE examples SET standing = ?, change = ? WHERE id = ?",
              Standing.SUPERSEDED.word(),
              change,
              row.id());
        }
      }
      List<Row> unused = rows(index, Standing.SUPERSEDED);
      List<String> files = new ArrayList<>();
      for (Row row : unused.subList(Math.min(total, unused.size()), unused.size())) {
        index.update("DELETE FROM examples WHERE id = ?", row.id());
        files.add(row.file());
      }
      return files;
    }

    /** The newest first. */
    private static List<Row> rows(Index index, Standing standing) {
      return index.all(
          "SELECT id, stream, file FROM examples"
              + " WHERE origin = 'sampled' AND standing = ? ORDER BY number DESC",
          row -> new Row(row.getString(1), row.getString(2), row.getString(3)),
          standing.word());
    }
  }
}
