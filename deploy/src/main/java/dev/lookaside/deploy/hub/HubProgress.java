package dev.lookaside.deploy.hub;

/** Observes downloads. Called on the thread that downloads. */
public interface HubProgress {
  /**
   * A file begins.
   *
   * @param from bytes that are here already
   * @param bytes of the whole file
   */
  void begin(String file, long from, long bytes);

  /** So many bytes of it are here. */
  void at(long bytes);

  /** It is whole and its digest is right. */
  void end();

  /** An attempt failed and is repeated. */
  void again(String why);

  /** For nobody. */
  HubProgress SILENT =
      new HubProgress() {
        @Override
        public void begin(String file, long from, long bytes) {}

        @Override
        public void at(long bytes) {}

        @Override
        public void end() {}

        @Override
        public void again(String why) {}
      };
}
