package dev.lookaside.ingest.kafka;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.KafkaException;

/** Counts the clients that are open; any number of threads. */
public final class CountingClients implements KafkaClients.Factory {
  private final KafkaClients.Factory beneath;
  private final Set<Object> open = ConcurrentHashMap.newKeySet();
  private final AtomicInteger opened = new AtomicInteger();
  private final List<Map<String, Object>> properties = new CopyOnWriteArrayList<>();
  private final Map<String, AtomicInteger> failures = new ConcurrentHashMap<>();
  private volatile String failing = "";

  public CountingClients(KafkaClients.Factory beneath) {
    this.beneath = beneath;
  }

  /** Over real ones. */
  public static CountingClients real() {
    return new CountingClients(new KafkaClients.RealClients());
  }

  /** From now on a client whose purpose this is cannot be opened; empty: every one can. */
  public void fail(String purpose) {
    failing = purpose;
  }

  /** How often a client of this purpose could not be opened. */
  public int failures(String purpose) {
    return failures.getOrDefault(purpose, new AtomicInteger()).get();
  }

  /** Names of those that were opened and not closed. */
  public List<String> open() {
    return open.stream().map(String::valueOf).sorted().toList();
  }

  /** How many were ever opened. */
  public int opened() {
    return opened.get();
  }

  /** What each was opened with. */
  public List<Map<String, Object>> properties() {
    return properties;
  }

  @Override
  public Consumer<byte[], byte[]> consumer(Map<String, Object> p) {
    check(p);
    return counted(Consumer.class, beneath.consumer(p), p);
  }

  @Override
  public Producer<byte[], byte[]> producer(Map<String, Object> p) {
    check(p);
    return counted(Producer.class, beneath.producer(p), p);
  }

  @Override
  public Admin admin(Map<String, Object> p) {
    check(p);
    return counted(Admin.class, beneath.admin(p), p);
  }

  private void check(Map<String, Object> p) {
    String purpose = failing;
    if (!purpose.isEmpty() && ("lookaside-" + purpose).equals(p.get("client.id"))) {
      failures.computeIfAbsent(purpose, k -> new AtomicInteger()).incrementAndGet();
      throw new KafkaException(purpose + ": fails as the test wants it");
    }
  }

  @SuppressWarnings("unchecked")
  private <T> T counted(Class<?> type, Object client, Map<String, Object> p) {
    properties.add(Map.copyOf(p));
    opened.incrementAndGet();
    String name = p.get("client.id") + " #" + opened.get();
    open.add(name);
    return (T)
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, args) -> {
              if (method.getName().equals("close")) {
                open.remove(name);
              }
              try {
                return method.invoke(client, args);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }
}
