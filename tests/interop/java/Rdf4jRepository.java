import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.eclipse.rdf4j.query.QueryResults;
import org.eclipse.rdf4j.repository.RepositoryConnection;
import org.eclipse.rdf4j.repository.sparql.SPARQLRepository;

/** Reads and writes over HTTP. Arguments: the address, the token, the folder of the questions. */
final class Rdf4jRepository {
  public static void main(String[] arguments) throws Exception {
    Path folder = Path.of(arguments[2]);
    SPARQLRepository repository =
        new SPARQLRepository(arguments[0] + "/sparql", arguments[0] + "/update");
    repository.setAdditionalHttpHeaders(Map.of("Authorization", "Bearer " + arguments[1]));
    try (RepositoryConnection connection = repository.getConnection()) {
      System.out.println("SELECT\t" + rows(connection, text(folder, "select.rq")));
      System.out.println("ASK\t" + connection.prepareBooleanQuery(text(folder, "ask.rq")).evaluate());
      System.out.println("CONSTRUCT\t" + triples(connection, text(folder, "construct.rq")));
      System.out.println("DESCRIBE\t" + triples(connection, text(folder, "describe.rq")));
      connection.prepareUpdate(text(folder, "insert.ru")).execute();
      System.out.println("INSERT\t" + rows(connection, text(folder, "stored.rq")));
      connection.prepareUpdate(text(folder, "clear.ru")).execute();
      System.out.println("CLEAR\t" + rows(connection, text(folder, "stored.rq")));
    }
    repository.shutDown();
    System.exit(0);
  }

  private static int rows(RepositoryConnection connection, String query) {
    return QueryResults.asList(connection.prepareTupleQuery(query).evaluate()).size();
  }

  private static int triples(RepositoryConnection connection, String query) {
    return QueryResults.asModel(connection.prepareGraphQuery(query).evaluate()).size();
  }

  private static String text(Path folder, String name) throws Exception {
    return Files.readString(folder.resolve(name));
  }
}
