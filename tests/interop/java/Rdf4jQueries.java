import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.eclipse.rdf4j.query.BooleanQuery;
import org.eclipse.rdf4j.query.GraphQuery;
import org.eclipse.rdf4j.query.Query;
import org.eclipse.rdf4j.query.TupleQuery;
import org.eclipse.rdf4j.query.resultio.sparqljson.SPARQLBooleanJSONWriter;
import org.eclipse.rdf4j.query.resultio.sparqljson.SPARQLResultsJSONWriter;
import org.eclipse.rdf4j.repository.RepositoryConnection;
import org.eclipse.rdf4j.repository.sail.SailRepository;
import org.eclipse.rdf4j.rio.RDFFormat;
import org.eclipse.rdf4j.rio.Rio;
import org.eclipse.rdf4j.rio.ntriples.NTriplesWriter;
import org.eclipse.rdf4j.sail.Sail;
import org.eclipse.rdf4j.sail.memory.MemoryStore;

/**
 * Loads a dump into RDF4J's memory store or into GraphDB, which is a Sail of RDF4J, and asks it.
 *
 * <p>Arguments: rdf4j or graphdb; the dump; a scratch folder; a folder with .rq files, answered into
 * .json, .nt or .error beside them. Prints the number of statements.
 */
final class Rdf4jQueries {
  private static final int SECONDS = 60;
  private static final String GRAPHDB = "com.ontotext.trree.OwlimSchemaRepository";

  public static void main(String[] arguments) {
    int status = 0;
    try {
      load(arguments);
    } catch (Exception failure) {
      failure.printStackTrace();
      status = 1;
    }
    System.exit(status); // GraphDB leaves threads behind.
  }

  private static void load(String[] arguments) throws Exception {
    Path dump = Path.of(arguments[1]);
    SailRepository repository = new SailRepository(sail(arguments[0]));
    repository.setDataDir(Path.of(arguments[2]).toFile());
    repository.init();
    try (RepositoryConnection connection = repository.getConnection()) {
      RDFFormat format = Rio.getParserFormatForFileName(dump.toString()).orElseThrow();
      connection.begin();
      connection.add(dump.toFile(), null, format);
      connection.commit();
      System.out.println(connection.size());
      try (Stream<Path> files = Files.list(Path.of(arguments[3]))) {
        for (Path each : files.filter(path -> path.toString().endsWith(".rq")).sorted().toList()) {
          answer(connection, each);
        }
      }
    }
    repository.shutDown();
  }

  private static Sail sail(String name) throws Exception {
    if (!name.equals("graphdb")) {
      return new MemoryStore();
    }
    Object made = Class.forName(GRAPHDB).getConstructor().newInstance();
    made.getClass().getMethod("setParameters", Map.class)
        .invoke(made, Map.of("ruleset", "empty", "storage-folder", "storage", "statistics-endpoint", "disabled"));
    return (Sail) made;
  }

  private static void answer(RepositoryConnection connection, Path file) throws IOException {
    String name = file.toString().replaceFirst("\\.rq$", "");
    Thread.interrupted(); // The time limit of the query before may come late.
    try {
      Query query = connection.prepareQuery(Files.readString(file));
      query.setMaxExecutionTime(SECONDS);
      if (query instanceof GraphQuery graph) {
        try (OutputStream out = Files.newOutputStream(Path.of(name + ".nt"))) {
          graph.evaluate(new NTriplesWriter(out));
        }
      } else {
        try (OutputStream out = Files.newOutputStream(Path.of(name + ".json"))) {
          if (query instanceof BooleanQuery question) {
            new SPARQLBooleanJSONWriter(out).handleBoolean(question.evaluate());
          } else {
            ((TupleQuery) query).evaluate(new SPARQLResultsJSONWriter(out));
          }
        }
      }
    } catch (RuntimeException | OutOfMemoryError failure) {
      Files.deleteIfExists(Path.of(name + ".json"));
      Files.deleteIfExists(Path.of(name + ".nt"));
      Files.writeString(Path.of(name + ".error"), String.valueOf(failure.getMessage()));
    }
  }
}
