package dev.lookaside.deploy.service;

import dev.lookaside.classifier.registry.Ack;
import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.KeyFolder;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.classifier.registry.RegistryWriter;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.classifier.registry.SigningKey;
import dev.lookaside.classifier.registry.TrustedKeys;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.FloatTensor;
import dev.lookaside.classifier.weights.SafetensorsWriter;
import dev.lookaside.deploy.bundled.BundledModel;
import dev.lookaside.ingest.Topics;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/** An {@link EndToEndRig} with a key, and adapters that are almost the bundled one. */
public final class AdapterRig implements AutoCloseable {
  public final EndToEndRig rig;
  final SigningKey key;
  public final RegistryWriter writer;
  private final TrustedKeys trusted;

  public AdapterRig(String bootstrapServers, String name, Path folder, Map<String, Object> more) {
    KeyFolder keys = new KeyFolder(folder.resolve(name));
    key = keys.create("test");
    trusted = TrustedKeys.of(keys.trusted(), false);
    Map<String, Object> settings = new HashMap<>(more);
    settings.put("lookaside.classifier.security.adapters.keys-folder", keys.path().toString());
    rig = new EndToEndRig(bootstrapServers, name, settings);
    view().close();
    Topics.ensure(rig.ingest);
    writer = new RegistryWriter(rig.ingest, key);
  }

  public RegistryView view() {
    return RegistryView.open(rig.ingest, () -> trusted);
  }

  static Adapter bundled() {
    try (BundledModel model = BundledModel.open()) {
      return Adapter.load(model.adapter());
    }
  }

  /** The bundled adapter with another head bias; the higher, the more it hears. */
  static byte[] variant(float bias) {
    Adapter bundled = bundled();
    Map<String, FloatTensor> tensors = new TreeMap<>(bundled.tensors());
    float[] values = tensors.get("head.fc.bias").toArray();
    for (int i = 0; i < values.length; i++) {
      values[i] += bias;
    }
    tensors.put("head.fc.bias", FloatTensor.of(new int[] {values.length}, values));
    return SafetensorsWriter.encode(tensors, bundled.metadata());
  }

  static Cutover cutover(String scope, long number, String adapter, @Nullable Instant from) {
    return cutover(scope, number, adapter, null, from);
  }

  static Cutover cutover(
      String scope,
      long number,
      String adapter,
      @Nullable String previous,
      @Nullable Instant from) {
    return new Cutover(
        Scope.parse(scope),
        number,
        adapter,
        from,
        "promote",
        "a test",
        Instant.parse("2026-03-01T00:00:00Z"),
        previous,
        null,
        null,
        null,
        null);
  }

  /** Acks about a record that have come by now. */
  List<Ack> acks(String cutover) {
    try (RegistryView view = view()) {
      return view.acks(cutover);
    }
  }

  /** Sends records as they are. */
  void send(List<ProducerRecord<byte[], byte[]>> records) {
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            rig.ingest.kafkaClients(), new ByteArraySerializer(), new ByteArraySerializer())) {
      records.forEach(producer::send);
      producer.flush();
    }
  }

  String cutoversTopic() {
    return rig.ingest.topics().registry().cutovers().name();
  }

  String adaptersTopic() {
    return rig.ingest.topics().registry().adapters().name();
  }

  @Override
  public void close() {
    writer.close();
    rig.close();
  }
}
